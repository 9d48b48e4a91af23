#include "cluster/move/core/comparison_core.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "cluster/placement/shard_name.hpp"

namespace millrace::moves {
namespace {

using queues::OutboxGeneration;
using queues::Recollection;

std::string text_of(std::uint64_t number) {
  return std::to_string(number);
}

std::optional<std::string> compare_shard(const OwnMemory& own, const std::string& peer,
                                         const pb::PlacementGossip::ShardOwnership& told) {
  const auto known = own.shards.find({told.role(), told.shard()});
  if (known == own.shards.end()) return std::nullopt;
  const pb::ShardRecord& record = known->second;
  if (told.ownership().epoch() <= record.ownership().epoch()) return std::nullopt;
  const std::string shard = placement::ShardName{told.role(), told.shard()}.text();
  const std::string epoch = " in epoch " + text_of(told.ownership().epoch());
  if (told.ownership().owner() == own.self) {
    return "node " + peer + " remembers that this node owns " + shard + epoch +
           ", of which its data directory knows nothing";
  }
  // An offered shard may have moved while this node was down.
  if (record.ownership().owner() != own.self || record.ownership().epoch() == 0 ||
      record.has_offered()) {
    return std::nullopt;
  }
  return shard + " is served by " + told.ownership().owner() + epoch + ", as node " + peer +
         " says; by its data directory this node never gave it away";
}

// As an attach is compared: see actors/queue/decide/decide_offer.cpp.
std::optional<std::string> compare_session(const Recollection::Outbox& outbox,
                                           const std::string& peer,
                                           const pb::PlacementGossip::OutboxSession& told) {
  const std::string begin = "node " + peer + " has " + text_of(told.last()) +
                            " messages of outbox " + outbox.producer + ", ";
  const auto is_it = [&told](const OutboxGeneration& each) {
    return each.id == told.generation();
  };
  const auto generation = std::find_if(outbox.generations.begin(), outbox.generations.end(), is_it);
  if (generation == outbox.generations.end()) {
    return begin + "the last ones from a generation that its data directory does not know";
  }
  const auto next = generation + 1;
  const std::uint64_t last = next == outbox.generations.end() ? outbox.last : next->after;
  if (told.last() <= last) return std::nullopt;
  return begin + "of which its data directory has only " + text_of(last);
}

std::optional<std::string> compare_progress(const OwnMemory& own, const std::string& peer,
                                            const pb::PlacementGossip::OutboxProgress& told) {
  const auto& sessions = own.queues.sessions;
  const auto session = std::find_if(sessions.begin(), sessions.end(), [&told](const auto& each) {
    return each.producer == told.producer() && each.queue == told.queue() &&
           each.shard == told.shard();
  });
  const std::uint64_t last = session == sessions.end() ? 0 : session->last;
  if (session == sessions.end() ? told.began() >= told.base() : last >= told.base()) {
    return std::nullopt;
  }
  return told.queue() + " has settled " + text_of(last) + " messages of outbox " + told.producer() +
         " of node " + peer + ", which has a reply for " + text_of(told.base());
}

// An answer from before the node became the owner of a shard, as a later answer of another node says,
// lacks what came with the shard.
void forget_early_answers(Comparison& comparison) {
  std::map<ShardKey, pb::Ownership> newest;
  for (const auto& [node, shards] : comparison.told) {
    for (const auto& [key, ownership] : shards) {
      pb::Ownership& known = newest[key];
      if (ownership.epoch() > known.epoch()) known = ownership;
    }
  }
  for (const auto& [key, ownership] : newest) {
    const auto owner = comparison.told.find(ownership.owner());
    if (owner == comparison.told.end()) continue;
    const auto told = owner->second.find(key);
    if (told != owner->second.end() && told->second.epoch() < ownership.epoch()) {
      comparison.compared.erase(owner->first);
    }
  }
}

}  // namespace

std::optional<Error> take(Comparison& comparison, const pb::PlacementGossip& gossip) {
  if (gossip.answers() != comparison.question || !comparison.own || comparison.is_outdated) {
    return std::nullopt;
  }
  if (auto outdated = find_outdated(*comparison.own, gossip)) {
    comparison.is_outdated = true;
    return Error{ErrorCode::outdated, std::move(*outdated)};
  }
  const std::string& peer = gossip.from().name();
  comparison.compared.insert(peer);
  auto& told = comparison.told[peer];
  for (const auto& one : gossip.shard()) told[{one.role(), one.shard()}] = one.ownership();
  forget_early_answers(comparison);
  return std::nullopt;
}

std::string missing_answers(const Comparison& comparison, const std::set<std::string>& others) {
  std::string names;
  for (const std::string& node : others) {
    if (comparison.compared.contains(node)) continue;
    names += (names.empty() ? "" : ", ") + node;
  }
  return names;
}

void add(pb::PlacementGossip& answer, const Recollection& queues) {
  for (const Recollection::Session& session : queues.sessions) {
    auto& one = *answer.add_session();
    one.set_producer(session.producer);
    one.set_last(session.last);
    one.set_generation(session.generation);
  }
  for (const Recollection::Outbox& outbox : queues.outboxes) {
    auto& one = *answer.add_progress();
    one.set_queue(outbox.queue);
    one.set_shard(outbox.shard);
    one.set_producer(outbox.producer);
    one.set_base(outbox.base);
    one.set_began(outbox.began);
  }
}

std::optional<std::string> find_outdated(const OwnMemory& own, const pb::PlacementGossip& answer) {
  const std::string& peer = answer.from().name();
  for (const auto& told : answer.shard()) {
    if (auto found = compare_shard(own, peer, told)) return found;
  }
  std::map<std::string, const Recollection::Outbox*> outboxes;
  for (const Recollection::Outbox& outbox : own.queues.outboxes) {
    outboxes.emplace(outbox.producer, &outbox);
  }
  for (const auto& told : answer.session()) {
    const auto outbox = outboxes.find(told.producer());
    if (outbox == outboxes.end()) continue;
    if (auto found = compare_session(*outbox->second, peer, told)) return found;
  }
  for (const auto& told : answer.progress()) {
    if (auto found = compare_progress(own, peer, told)) return found;
  }
  return std::nullopt;
}

}  // namespace millrace::moves
