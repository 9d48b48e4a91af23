#include "actors/queue/state/keyed_store.hpp"

#include <algorithm>
#include <array>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>

#include "actors/base/assert.hpp"

namespace millrace::queues {

using google::protobuf::io::ArrayInputStream;
using google::protobuf::io::CodedOutputStream;

namespace {

// Nullopt: the bytes are not a history.
std::optional<std::vector<pb::HistoryEntry>> parse(const std::string& history) {
  std::vector<pb::HistoryEntry> entries;
  ArrayInputStream stream(history.data(), static_cast<int>(history.size()));
  bool at_end = false;
  while (true) {
    pb::HistoryEntry entry;
    if (!google::protobuf::util::ParseDelimitedFromZeroCopyStream(&entry, &stream, &at_end)) break;
    entries.push_back(std::move(entry));
  }
  if (!at_end) return std::nullopt;
  return entries;
}

}  // namespace

const KeyState* KeyedStore::find(std::string_view key) const {
  const auto it = keys_.find(key);
  return it == keys_.end() ? nullptr : &it->second;
}

void KeyedStore::apply(const pb::StateChange& change) {
  KeyState& state = keys_[change.key()];
  if (change.has_value()) state.value = std::make_shared<const std::string>(change.value());
  if (change.has_erase()) state.value.reset();
  for (const pb::HistoryEntry& entry : change.history()) {
    const auto size = static_cast<std::uint32_t>(entry.ByteSizeLong());
    std::array<std::uint8_t, 10> prefix{};
    const auto* end = CodedOutputStream::WriteVarint32ToArray(size, prefix.data());
    state.history.append(reinterpret_cast<const char*>(prefix.data()),
                         static_cast<std::size_t>(end - prefix.data()));
    entry.AppendToString(&state.history);
  }
  drop_if_empty(change.key());
}

void KeyedStore::set_timer(const pb::TimerSet& timer, TimeUs at_us) {
  clear_timer(timer.key(), timer.name());
  const DurationUs after_us =
      timer.after_us() > 0 ? timer.after_us() : std::max<DurationUs>(timer.due_us() - at_us, 0);
  const TimerId id{std::min(timer.due_us(), time_after(at_us, after_us)), ++timers_set_};
  timers_.emplace(id, Timer{timer.key(), timer.name(), timer.envelope(), after_us});
  keys_[timer.key()].timers.push_back(id);
}

void KeyedStore::clock_set_back(TimeUs at_us) {
  std::vector<TimerId> late;
  for (const auto& [id, timer] : timers_) {
    if (id.first > time_after(at_us, timer.after_us)) late.push_back(id);
  }
  for (const TimerId& id : late) {
    auto node = timers_.extract(id);
    const TimerId next{time_after(at_us, node.mapped().after_us), id.second};
    std::vector<TimerId>& of_key = keys_.find(node.mapped().key)->second.timers;
    std::replace(of_key.begin(), of_key.end(), id, next);
    node.key() = next;
    timers_.insert(std::move(node));
  }
}

std::optional<TimerId> KeyedStore::find_timer(std::string_view key, std::string_view name) const {
  const KeyState* state = find(key);
  if (state == nullptr) return std::nullopt;
  for (const TimerId& id : state->timers) {
    if (timers_.at(id).name == name) return id;
  }
  return std::nullopt;
}

void KeyedStore::clear_timer(std::string_view key, std::string_view name) {
  const std::optional<TimerId> id = find_timer(key, name);
  if (!id) return;
  timers_.erase(*id);
  std::erase(keys_.find(key)->second.timers, *id);
  drop_if_empty(key);
}

void KeyedStore::drop_if_empty(std::string_view key) {
  const auto it = keys_.find(key);
  if (it == keys_.end()) return;
  const KeyState& state = it->second;
  if (!state.value && state.history.empty() && state.timers.empty()) keys_.erase(it);
}

bool KeyedStore::is_history(const std::string& history) {
  return parse(history).has_value();
}

std::vector<pb::HistoryEntry> KeyedStore::parse_history(const std::string& history) {
  std::optional<std::vector<pb::HistoryEntry>> entries = parse(history);
  MILLRACE_ASSERT(entries.has_value());
  return std::move(*entries);
}

}  // namespace millrace::queues
