#include "cluster/http/server/activity_order.hpp"

namespace millrace::http {
namespace {

constexpr std::array closable{Occupation::lingering,    Occupation::idle,
                              Occupation::reading_head, Occupation::reading_body,
                              Occupation::sending,      Occupation::waiting_for_room};

/// How long a connection of this occupation must be without progress to be closed for another one.
std::chrono::milliseconds patience_of(Occupation occupation) {
  if (occupation >= Occupation::reading_body) return stall_time;
  return occupation == Occupation::lingering ? std::chrono::milliseconds(0) : fresh_time;
}

}  // namespace

void ActivityOrder::note(Id id, Occupation occupation, SteadyTime now, const std::string& peer) {
  const auto [place, is_new] = places_.try_emplace(id);
  std::list<Entry>& target = list_of(occupation);
  if (is_new) {
    target.push_back({.id = id, .progress_at = now, .peer = peer});
    place->second.entry = std::prev(target.end());
    ++peers_[peer];
  } else {
    target.splice(target.end(), list_of(place->second.occupation), place->second.entry);
    place->second.entry->progress_at = now;
  }
  place->second.occupation = occupation;
}

void ActivityOrder::remove(Id id) {
  const auto place = places_.find(id);
  if (place == places_.end()) return;
  const auto peer = peers_.find(place->second.entry->peer);
  if (--peer->second == 0) peers_.erase(peer);
  list_of(place->second.occupation).erase(place->second.entry);
  places_.erase(place);
}

std::optional<ActivityOrder::Id> ActivityOrder::longest(SteadyTime now) const {
  // Then connections come faster than their requests, and it is of no use to wait for these.
  const bool is_flood =
      2 * (list_of(Occupation::idle).size() + list_of(Occupation::reading_head).size()) >
      places_.size();
  for (const Occupation occupation : closable) {
    const auto& list = list_of(occupation);
    if (list.empty()) continue;
    const bool is_fresh = now - list.front().progress_at < patience_of(occupation);
    if (!is_fresh || (is_flood && occupation < Occupation::reading_body)) return list.front().id;
  }
  return std::nullopt;
}

std::optional<ActivityOrder::Id> ActivityOrder::longest_of(const std::string& peer,
                                                           SteadyTime now) const {
  for (const Occupation occupation : closable) {
    for (const Entry& entry : list_of(occupation)) {
      if (now - entry.progress_at < patience_of(occupation)) break;
      if (entry.peer == peer) return entry.id;
    }
  }
  return std::nullopt;
}

std::optional<ActivityOrder::Id> ActivityOrder::stalled(Occupation occupation,
                                                        SteadyTime now) const {
  const auto& list = list_of(occupation);
  if (list.empty() || now - list.front().progress_at < stall_time) return std::nullopt;
  return list.front().id;
}

std::size_t ActivityOrder::count_of(const std::string& peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? 0 : found->second;
}

}  // namespace millrace::http
