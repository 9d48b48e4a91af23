#include "actors/store/store.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "actors/queue/decide/suspicion.hpp"
#include "actors/queue/move/target.hpp"
#include "actors/queue/snapshot/snapshot.hpp"
#include "messages/snapshot.pb.h"

namespace millrace {

using queues::QueueNumber;

namespace {

constexpr std::size_t scan_bytes = 1u << 20;

}  // namespace

Result<void> Store::declare(const pb::Declaration& declaration) {
  if (declaration.number() == 0) {
    return Error{ErrorCode::corrupt, "queue " + declaration.name() + " has number 0"};
  }
  StoredQueue& queue = queues_[declaration.number()];
  if (queue.state) {
    auto declared = queues::redeclare(*queue.state, declaration);
    queue.declaration = *queue.state->declaration;
    index(queue.declaration);
    return declared;
  }
  queue.declaration = declaration;
  queue.state = std::make_unique<queues::State>();
  queue.state->limits = limits_;
  if (are_on_disk()) {
    if (auto opened = open_states(); !opened) return opened;
    queue.state->durable.keyed.keep_on_disk(false);
    // The number may have belonged to a queue that is gone.
    if (keys_ == Keys::on_disk && std::exchange(adopting_, 0) != declaration.number()) {
      if (auto cleared = states_->clear(declaration.number()); !cleared) return cleared;
    }
  }
  queues::declare(*queue.state, declaration);
  last_number_ = std::max(last_number_, declaration.number());
  index(declaration);
  return {};
}

std::vector<pb::Declaration> Store::declarations() const {
  std::vector<pb::Declaration> all;
  all.reserve(queues_.size());
  for (const auto& [number, queue] : queues_) all.push_back(queue.declaration);
  return all;
}

void Store::keep(const pb::ShardRecord& shard) {
  shards_.insert_or_assign({shard.role(), shard.shard()}, shard);
}

Result<void> Store::load(std::string_view bytes) {
  pb::SnapshotPart part;
  if (!part.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error{ErrorCode::corrupt, "checkpoint: a part is not a snapshot"};
  }
  if (part.part_case() == pb::SnapshotPart::kShard) {
    keep(part.shard());
    return {};
  }
  if (part.part_case() == pb::SnapshotPart::kStateCopy) {
    copy_ = {part.state_copy().number(), part.state_copy().id()};
    return copies_ != nullptr ? fetch_and_open(part.state_copy()) : open_states();
  }
  if (part.part_case() == pb::SnapshotPart::kHead) {
    if (auto begun = begin_queue(part.head()); !begun) return begun;
  }
  if (loading_ == nullptr) {
    return Error{ErrorCode::corrupt, "checkpoint: messages come before their queue"};
  }
  auto read = queues::read_snapshot(*loading_, part);
  if (!read) return read;
  return write_out(*loading_);
}

bool Store::are_on_disk() const {
  return keys_ == Keys::on_disk || (keys_ == Keys::as_found && copy_.has_value());
}

Result<void> Store::open_states() {
  if (is_open_) return {};
  if (states_ == nullptr) {
    return Error{ErrorCode::invalid_argument,
                 "the checkpoint names a store of keyed states, which this log cannot have"};
  }
  if (auto opened = states_->open(copy_); !opened) return opened;
  is_open_ = true;
  if (keys_ == Keys::as_found || !copy_) return {};
  return states_->remove_later(*copy_);
}

Result<void> Store::fetch_and_open(const pb::StateCopy& copy) {
  std::vector<states::CopyFile> files;
  for (const pb::StateCopy::File& file : copy.file()) {
    files.push_back({file.name(), file.number(), file.bytes(), file.hash()});
  }
  if (auto fetched = copies_->fetch(copy.number(), files, false); !fetched) return fetched;
  Result<void> opened = open_states();
  // The local files are a cache: what is damaged is got again.
  if (opened || opened.error().code != ErrorCode::corrupt || files.empty()) return opened;
  if (auto fetched = copies_->fetch(copy.number(), files, true); !fetched) return fetched;
  return open_states();
}

// The keys of a queue of the checkpoint are in its copy of the state store, if there is one.
Result<void> Store::begin_queue(const pb::QueueHead& head) {
  const QueueNumber number = head.declaration().number();
  const bool is_stored = copy_.has_value() && head.stored();
  if (is_stored) adopting_ = number;
  if (auto declared = declare(head.declaration()); !declared) return declared;
  loading_ = queues_[number].state.get();
  queues::KeyedStore& keyed = loading_->durable.keyed;
  if (!is_stored) return {};
  if (are_on_disk()) {
    keyed.keep_on_disk(true);
    return {};
  }
  states::ScanPlace place;
  while (!place.is_end) {
    auto page = states_->scan(number, place, scan_bytes);
    if (!page) return page.error();
    for (states::KeyPiece& piece : *page) {
      queues::KeyState state{std::move(piece.value)};
      // The replay appends what later records did.
      for (const queues::HistoryPart& part : piece.history) {
        if (part.lsn <= copy_->number) state.history += *part.entries;
      }
      keyed.restore(piece.key, std::move(state), {}, piece.continues);
    }
  }
  return {};
}

// A replay makes keys dirty without end.
Result<void> Store::write_out(queues::State& state) {
  queues::KeyedStore& keyed = state.durable.keyed;
  if (keys_ != Keys::on_disk || keyed.dirty_bytes() <= limits_.state_cache_bytes) return {};
  queues::StateWrite write = keyed.take_dirty(~std::uint64_t{0});
  write.queue = state.number;
  write.keeps_ages = true;
  if (auto written = states_->write(write); !written) return written;
  keyed.written(write);
  keyed.evict(limits_.state_cache_bytes);
  return {};
}

Result<void> Store::recovered(logs::Lsn last) {
  if (!are_on_disk()) return {};
  if (auto opened = open_states(); !opened) return opened;
  const auto newest = states_->newest();
  if (!newest) return newest.error();
  if (*newest > last) {
    return Error{ErrorCode::corrupt, "the store of keyed states has effects of record " +
                                         std::to_string(*newest) + ", and the log ends with " +
                                         std::to_string(last)};
  }
  if (keys_ != Keys::on_disk) return {};
  std::set<QueueNumber> numbers;
  for (const auto& [number, queue] : queues_) {
    if (queue.state->durable.keyed.is_on_disk()) numbers.insert(number);
  }
  return states_->clear_others(numbers);
}

Result<void> Store::visit_keys(const StoredQueue& queue, const KeyVisitor& visit) const {
  const queues::KeyedStore& keyed = queue.state->durable.keyed;
  const auto is_empty = [](const queues::KeyState& state) {
    return !state.value && state.history.empty();
  };
  if (!keyed.has_stored()) {
    for (const auto& [name, state] : keyed.keys()) {
      queues::KeyState merged{state.value, state.history};
      if (keyed.is_on_disk()) queues::merge(&state, nullptr, {}, merged);
      if (is_empty(merged)) continue;
      if (auto visited = visit(name, merged); !visited) return visited;
    }
    return {};
  }
  std::set<std::string, std::less<>> rest;
  for (const auto& [name, state] : keyed.keys()) rest.insert(name);
  // A page ends within a long history, so a key is complete when another one begins.
  std::optional<states::KeyPiece> current;
  const auto finish = [&]() -> Result<void> {
    if (!current) return {};
    queues::KeyState merged;
    queues::merge(keyed.find(current->key), current->value, current->history, merged);
    rest.erase(current->key);
    if (is_empty(merged)) return {};
    return visit(current->key, merged);
  };
  states::ScanPlace place;
  while (!place.is_end) {
    auto page = states_->scan(queue.declaration.number(), place, scan_bytes);
    if (!page) return page.error();
    for (states::KeyPiece& piece : *page) {
      if (piece.continues && current) {
        std::move(piece.history.begin(), piece.history.end(), std::back_inserter(current->history));
        continue;
      }
      if (auto finished = finish(); !finished) return finished;
      current = std::move(piece);
    }
  }
  if (auto finished = finish(); !finished) return finished;
  for (const std::string& name : rest) {
    queues::KeyState merged;
    queues::merge(keyed.find(name), nullptr, {}, merged);
    if (is_empty(merged)) continue;
    if (auto visited = visit(name, merged); !visited) return visited;
  }
  return {};
}

Result<std::unique_ptr<queues::KeyState>> Store::read_key(const StoredQueue& queue,
                                                          const std::string& key) const {
  const queues::KeyedStore& keyed = queue.state->durable.keyed;
  const queues::KeyState* resident = keyed.find(key);
  auto out = std::make_unique<queues::KeyState>();
  if (keyed.is_on_disk()) {
    states::StoredKey stored;
    if (keyed.has_stored()) {
      auto found = states_->read(queue.declaration.number(), key);
      if (!found) return found.error();
      stored = std::move(*found);
    }
    queues::merge(resident, std::move(stored.value), stored.history, *out);
  } else if (resident != nullptr) {
    *out = {resident->value, resident->history, resident->timers};
  }
  if (!out->value && out->history.empty() && out->timers.empty()) out.reset();
  return out;
}

Result<void> Store::apply(const logs::Frame& frame) {
  const auto at = [&frame](const Error& error) {
    return Error{error.code, "segment " + std::to_string(logs::segment_of(frame.place)) +
                                 " offset " + std::to_string(logs::offset_of(frame.place)) + ": " +
                                 error.message};
  };
  auto record = std::make_shared<pb::Record>();
  if (!record->ParseFromArray(frame.body.data(), static_cast<int>(frame.body.size()))) {
    return at({ErrorCode::corrupt, "the frame is whole but holds no record"});
  }
  for (const pb::Declaration& declaration : record->declare()) {
    if (auto checked = check_installed(declaration, *record); !checked) return at(checked.error());
    if (auto declared = declare(declaration); !declared) return at(declared.error());
  }
  if (record->generation() != 0) {
    for (auto& [number, queue] : queues_)
      queues::begin_generation(*queue.state, record->generation());
  }
  for (const pb::Suspect& suspect : record->suspect()) {
    const auto queue = queues_.find(suspect.queue());
    if (queue != queues_.end()) queues::apply_suspect(*queue->second.state, suspect);
  }
  const queues::CommittedRecord committed{record, frame.place, frame.body.size(), frame.lsn};
  for (const pb::Change& change : record->change()) {
    if (auto applied = apply(committed, change); !applied) return at(applied.error());
  }
  for (const pb::ShardRecord& shard : record->shard()) keep(shard);
  // The checkpoint may have left out a retired queue already.
  for (const QueueNumber number : record->retire()) queues_.erase(number);
  return {};
}

// A running queue receives a record by its change. Without one it would still be staged in the next
// checkpoint, and be retired after the next start.
Result<void> Store::check_installed(const pb::Declaration& declaration,
                                    const pb::Record& record) const {
  const auto found = queues_.find(declaration.number());
  if (found == queues_.end() || !found->second.declaration.staged() || declaration.staged() ||
      std::any_of(record.change().begin(), record.change().end(), [&](const pb::Change& change) {
        return change.queue() == declaration.number();
      })) {
    return {};
  }
  return Error{ErrorCode::corrupt, "staged queue " + declaration.name() +
                                       " is installed by a record without a change of the queue"};
}

Result<void> Store::apply(const queues::CommittedRecord& committed, const pb::Change& change) {
  const auto found = queues_.find(change.queue());
  if (found == queues_.end()) {
    return Error{ErrorCode::corrupt, "the record changes queue number " +
                                         std::to_string(change.queue()) +
                                         ", which was never declared"};
  }
  queues::State& state = *found->second.state;
  if (change.has_install()) {
    if (auto checked = queues::check_install(state, change.install()); !checked) {
      return Error{ErrorCode::corrupt, checked.error().message};
    }
  }
  if (change.has_become_outbox() && change.become_outbox().as().number() != change.queue()) {
    return Error{ErrorCode::corrupt, state.name + " becomes an outbox of another number"};
  }
  queues::apply(state, committed, change);
  if (auto written = write_out(state); !written) return written;
  if (change.has_become_outbox()) index(*state.declaration);
  found->second.declaration = *state.declaration;
  return {};
}

void Store::index(const pb::Declaration& declaration) {
  numbers_[{declaration.name(), declaration.shard()}].insert(declaration.number());
}

StoredQueue* Store::find(std::string_view name, std::uint32_t shard) {
  const auto numbers = numbers_.find({std::string(name), shard});
  if (numbers == numbers_.end()) return nullptr;
  for (const QueueNumber number : numbers->second) {
    const auto queue = queues_.find(number);
    if (queue == queues_.end()) continue;
    const pb::Declaration& declaration = queue->second.declaration;
    if (declaration.name() == name && declaration.shard() == shard && !declaration.staged()) {
      return &queue->second;
    }
  }
  return nullptr;
}

}  // namespace millrace
