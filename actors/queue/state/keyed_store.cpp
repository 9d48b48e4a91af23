#include "actors/queue/state/keyed_store.hpp"

#include <algorithm>
#include <array>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>

#include "actors/base/assert.hpp"

namespace millrace::queues {

using google::protobuf::io::ArrayInputStream;
using google::protobuf::io::CodedInputStream;
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

// Approximate bytes of memory that a resident key takes beside its name, value and history.
constexpr std::uint64_t residence_overhead = 320;
constexpr std::uint64_t part_overhead = 96;

void append_entry(std::string& history, const pb::HistoryEntry& entry) {
  const auto size = static_cast<std::uint32_t>(entry.ByteSizeLong());
  std::array<std::uint8_t, 10> prefix{};
  const auto* end = CodedOutputStream::WriteVarint32ToArray(size, prefix.data());
  history.append(reinterpret_cast<const char*>(prefix.data()),
                 static_cast<std::size_t>(end - prefix.data()));
  entry.AppendToString(&history);
}

}  // namespace

void merge(const KeyState* resident, std::shared_ptr<const std::string> stored_value,
           std::span<const HistoryPart> stored_history, KeyState& into) {
  const Residence* residence = resident == nullptr ? nullptr : resident->residence.get();
  const bool is_loaded = residence != nullptr && residence->is_loaded;
  into.value = is_loaded ? resident->value : std::move(stored_value);
  if (resident != nullptr) into.timers = resident->timers;
  logs::Lsn last = residence == nullptr ? 0 : residence->forgotten;
  const auto add = [&](const HistoryPart& part) {
    if (part.lsn <= last) return;
    into.history += *part.entries;
    last = part.lsn;
  };
  for (const HistoryPart& part : stored_history) add(part);
  if (residence == nullptr) return;
  for (const HistoryPart& part : residence->tail) add(part);
}

const KeyState* KeyedStore::find(std::string_view key) const {
  const auto it = keys_.find(key);
  return it == keys_.end() ? nullptr : &it->second;
}

bool KeyedStore::is_known(std::string_view key) const {
  if (!has_stored_) return true;
  const KeyState* state = find(key);
  return state != nullptr && state->residence && state->residence->is_loaded;
}

std::shared_ptr<const std::string> KeyedStore::use(std::string_view key) {
  ++uses_;
  const auto it = keys_.find(key);
  if (it == keys_.end()) return nullptr;
  Residence* residence = it->second.residence.get();
  if (residence != nullptr && !residence->is_dirty()) {
    clean_.remove(*residence);
    clean_.push_back(*residence);
  }
  return it->second.value;
}

// Puts the residence, whose contents have changed, into its list.
void KeyedStore::settle(Residence& residence) {
  const KeyState& state = keys_.find(residence.key)->second;
  residence.bytes = residence_overhead + 2 * residence.key.size();
  if (state.value) residence.bytes += state.value->size();
  for (const HistoryPart& part : residence.tail) {
    residence.bytes += part_overhead + part.entries->size();
  }
  (residence.is_dirty() ? dirty_ : clean_).push_back(residence);
}

// The key, taken out of its list; settle() must follow. On disk only.
KeyState& KeyedStore::changed(std::string_view key, ChangeTime at) {
  KeyState& state = keys_[std::string(key)];
  if (!state.residence) {
    state.residence = std::make_unique<Residence>();
    state.residence->key = key;
    state.residence->is_loaded = !has_stored_;
  }
  Residence& residence = *state.residence;
  (residence.is_dirty() ? dirty_ : clean_).remove(residence);
  // Records that were recovered before any number are numbered 0 by tests only.
  residence.changed = std::max({at.lsn, residence.written + 1, residence.changed});
  last_lsn_ = std::max(last_lsn_, residence.changed);
  return state;
}

void KeyedStore::apply(const pb::StateChange& change, ChangeTime at) {
  std::string entries;
  for (const pb::HistoryEntry& entry : change.history()) append_entry(entries, entry);
  if (!is_on_disk_) {
    KeyState& state = keys_[change.key()];
    if (change.has_value()) state.value = std::make_shared<const std::string>(change.value());
    if (change.has_erase()) state.value.reset();
    state.history += entries;
    drop_if_empty(change.key());
    return;
  }
  KeyState& state = changed(change.key(), at);
  Residence& residence = *state.residence;
  residence.age_us = at.age_us;
  if (change.has_value() || change.has_erase()) {
    state.value =
        change.has_value() ? std::make_shared<const std::string>(change.value()) : nullptr;
    residence.is_loaded = true;
    residence.value_changed = residence.changed;
  }
  if (!entries.empty()) {
    residence.tail.push_back(
        {residence.changed, std::make_shared<const std::string>(std::move(entries))});
  }
  settle(residence);
}

void KeyedStore::forget(std::string_view key, bool history_only, ChangeTime at) {
  if (!is_on_disk_) {
    const auto it = keys_.find(key);
    if (it == keys_.end()) return;
    it->second.history.clear();
    if (!history_only) it->second.value.reset();
    drop_if_empty(key);
    return;
  }
  const KeyState* before = find(key);
  const bool was_dirty = before != nullptr && before->residence && before->residence->is_dirty();
  KeyState& state = changed(key, at);
  Residence& residence = *state.residence;
  residence.forgotten = residence.changed;
  residence.tail.clear();
  // The store has the age of a clean key, and notes that its history is gone since.
  if (history_only && !was_dirty) residence.age_us = -1;
  if (!history_only) {
    residence.age_us = at.age_us;
    state.value.reset();
    residence.is_loaded = true;
    residence.value_changed = residence.changed;
  }
  settle(residence);
}

void KeyedStore::restore(std::string key, KeyState restored, ChangeTime at, bool continues) {
  if (!is_on_disk_) {
    if (continues) {
      keys_[std::move(key)].history += restored.history;
    } else {
      keys_.insert_or_assign(std::move(key), std::move(restored));
    }
    return;
  }
  KeyState& state = changed(key, at);
  Residence& residence = *state.residence;
  residence.age_us = at.age_us;
  if (!continues) {
    state.value = std::move(restored.value);
    residence.is_loaded = true;
    residence.value_changed = residence.changed;
  }
  if (!restored.history.empty()) {
    residence.tail.push_back(
        {residence.changed, std::make_shared<const std::string>(std::move(restored.history))});
  }
  settle(residence);
}

void KeyedStore::loaded(std::string_view key, std::shared_ptr<const std::string> value) {
  if (is_known(key)) return;
  KeyState& state = keys_[std::string(key)];
  if (!state.residence) {
    state.residence = std::make_unique<Residence>();
    state.residence->key = key;
  }
  Residence& residence = *state.residence;
  (residence.is_dirty() ? dirty_ : clean_).remove(residence);
  state.value = std::move(value);
  residence.is_loaded = true;
  settle(residence);
}

StateWrite KeyedStore::take_dirty(std::uint64_t bytes_max) {
  StateWrite write;
  write.lsn = last_lsn_;
  std::uint64_t bytes = 0;
  for (const Residence* one = dirty_.front(); one != nullptr; one = ResidenceList::after(*one)) {
    if (!write.keys.empty() && bytes + one->bytes > bytes_max) break;
    bytes += one->bytes;
    KeyWrite& key = write.keys.emplace_back();
    key.key = one->key;
    if (one->value_changed > one->written) {
      key.value = keys_.find(one->key)->second.value;
      key.next = key.value ? KeyWrite::Value::set : KeyWrite::Value::none;
    }
    key.forgotten = one->forgotten;
    key.history = one->tail;
    key.age_us = one->age_us;
  }
  if (!write.keys.empty()) has_stored_ = true;
  return write;
}

void KeyedStore::written(const StateWrite& write) {
  for (const KeyWrite& key : write.keys) {
    const auto it = keys_.find(key.key);
    if (it == keys_.end() || !it->second.residence) continue;
    Residence& residence = *it->second.residence;
    if (residence.written >= std::min(write.lsn, residence.changed)) continue;
    dirty_.remove(residence);
    residence.written = std::min(write.lsn, residence.changed);
    if (residence.forgotten <= write.lsn) residence.forgotten = 0;
    std::erase_if(residence.tail, [&](const HistoryPart& part) { return part.lsn <= write.lsn; });
    settle(residence);
  }
}

void KeyedStore::evict(std::uint64_t bytes_max) {
  while (resident_bytes() > bytes_max && clean_.front() != nullptr) {
    Residence& residence = *clean_.front();
    clean_.remove(residence);
    const auto it = keys_.find(residence.key);
    if (it->second.timers.empty()) {
      keys_.erase(it);
    } else {
      it->second.value.reset();
      it->second.residence.reset();
    }
  }
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
  if (!state.value && state.history.empty() && state.timers.empty() && !state.residence) {
    keys_.erase(it);
  }
}

bool KeyedStore::is_history(const std::string& history) {
  return parse(history).has_value();
}

std::vector<std::string_view> KeyedStore::slices(std::string_view history, std::size_t bytes_max) {
  std::vector<std::string_view> out;
  if (history.size() <= bytes_max) {
    if (!history.empty()) out.push_back(history);
    return out;
  }
  CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(history.data()),
                          static_cast<int>(history.size()));
  std::size_t begin = 0;
  std::size_t end = 0;
  while (end < history.size()) {
    std::uint32_t size = 0;
    MILLRACE_ASSERT(stream.ReadVarint32(&size) && stream.Skip(static_cast<int>(size)));
    const auto next = static_cast<std::size_t>(stream.CurrentPosition());
    if (end > begin && next - begin > bytes_max) {
      out.push_back(history.substr(begin, end - begin));
      begin = end;
    }
    end = next;
  }
  if (end > begin) out.push_back(history.substr(begin, end - begin));
  return out;
}

std::vector<pb::HistoryEntry> KeyedStore::parse_history(const std::string& history) {
  std::optional<std::vector<pb::HistoryEntry>> entries = parse(history);
  MILLRACE_ASSERT(entries.has_value());
  return std::move(*entries);
}

}  // namespace millrace::queues
