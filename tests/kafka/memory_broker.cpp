#include "tests/kafka/memory_broker.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <utility>

#include "cluster/kafka/records/batch_builder.hpp"

namespace millrace::kafka {
namespace {

constexpr std::size_t recent_batches = 5;

std::int32_t sequence_after(std::int32_t sequence, std::uint32_t count) {
  constexpr std::int64_t modulus = std::int64_t{std::numeric_limits<std::int32_t>::max()} + 1;
  return static_cast<std::int32_t>((std::int64_t{sequence} + count) % modulus);
}

}  // namespace

class MemoryBroker::Ticket final : public Watch {
 public:
  Ticket(MemoryBroker& broker, std::list<Watcher>::iterator place)
      : broker_(broker), place_(place) {}
  ~Ticket() override {
    const std::lock_guard lock(broker_.mutex_);
    broker_.watchers_.erase(place_);
  }

 private:
  MemoryBroker& broker_;
  const std::list<Watcher>::iterator place_;
};

MemoryBroker::MemoryBroker(const Settings& settings)
    : settings_(settings), thread_([this] { work(); }) {}

MemoryBroker::~MemoryBroker() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void MemoryBroker::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return is_stopping_ || (!is_held_ && !outcomes_.empty()); });
    if (is_stopping_) return;
    auto outcomes = std::exchange(outcomes_, {});
    lock.unlock();
    for (const auto& outcome : outcomes) outcome();
    outcomes.clear();  // may end watches, which take the lock
    lock.lock();
  }
}

/// REQUIRES: mutex_.
void MemoryBroker::later(std::function<void()> outcome) {
  outcomes_.push_back(std::move(outcome));
  changed_.notify_all();
}

void MemoryBroker::set_address(std::string host, std::uint16_t port) {
  const std::lock_guard lock(mutex_);
  self_.host = std::move(host);
  self_.port = port;
}
void MemoryBroker::add_broker(Broker broker) {
  const std::lock_guard lock(mutex_);
  others_.push_back(std::move(broker));
}
void MemoryBroker::set_leader(const TopicPartition& partition, std::int32_t broker) {
  const std::lock_guard lock(mutex_);
  topics_.at(partition.topic).partitions.at(static_cast<std::size_t>(partition.partition)).leader =
      broker;
}
void MemoryBroker::set_coordinator(std::int32_t broker) {
  const std::lock_guard lock(mutex_);
  coordinator_ = broker;
}
void MemoryBroker::hold(bool is_held) {
  const std::lock_guard lock(mutex_);
  is_held_ = is_held;
  changed_.notify_all();
}
std::size_t MemoryBroker::held() {
  const std::lock_guard lock(mutex_);
  return outcomes_.size();
}
bool MemoryBroker::wait_for_held(std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(20),
                           [&] { return outcomes_.size() >= count; });
}
void MemoryBroker::fail_with(std::optional<Error> failure) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(failure);
}
std::uint64_t MemoryBroker::records() {
  const std::lock_guard lock(mutex_);
  return records_;
}
std::uint64_t MemoryBroker::batches() {
  const std::lock_guard lock(mutex_);
  return batches_;
}
std::uint64_t MemoryBroker::duplicates() {
  const std::lock_guard lock(mutex_);
  return duplicates_;
}
std::vector<std::string> MemoryBroker::subscriptions(const std::string& group) {
  const std::lock_guard lock(mutex_);
  return groups_[group].topics;
}

// --- Topics --------------------------------------------------------------------------------------

ClusterDescription MemoryBroker::cluster() {
  const std::lock_guard lock(mutex_);
  ClusterDescription description{.name = "test", .brokers = others_, .self = self_.id};
  description.brokers.push_back(self_);
  return description;
}

std::vector<TopicDescription> MemoryBroker::topics() {
  std::vector<std::string> names;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, each] : topics_) names.push_back(name);
  }
  std::vector<TopicDescription> descriptions;
  for (const std::string& name : names) {
    if (auto description = topic(name)) descriptions.push_back(std::move(*description));
  }
  return descriptions;
}

std::optional<TopicDescription> MemoryBroker::topic(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = topics_.find(name);
  if (found == topics_.end()) return std::nullopt;
  TopicDescription description{.name = name, .configs = found->second.configs};
  for (const Partition& each : found->second.partitions) description.leaders.push_back(each.leader);
  return description;
}

void MemoryBroker::create_topic(NewTopic topic, Done<void> done) {
  const std::lock_guard lock(mutex_);
  if (topics_.contains(topic.name)) {
    return later([done = std::move(done), name = topic.name] {
      done(Error{ErrorCode::key_reused, "topic " + name + " exists"});
    });
  }
  if (topic.partitions && *topic.partitions > 1'000) {
    return later([done = std::move(done)] {
      done(Error{ErrorCode::invalid_argument, "expected at most 1000 partitions"});
    });
  }
  if (!topic.is_check_only) {
    Topic& made = topics_[topic.name];
    made.configs = std::move(topic.configs);
    made.partitions.resize(
        static_cast<std::size_t>(topic.partitions.value_or(settings_.partitions)));
    for (Partition& each : made.partitions) each.leader = self_.id;
  }
  later([done = std::move(done)] { done({}); });
}

void MemoryBroker::delete_topic(const std::string& name, Done<void> done) {
  const std::lock_guard lock(mutex_);
  const bool is_erased = topics_.erase(name) > 0;
  later([done = std::move(done), is_erased, name] {
    done(is_erased ? Result<void>() : Error{ErrorCode::not_found, "no topic " + name});
  });
}

Result<MemoryBroker::Partition*> MemoryBroker::find(const TopicPartition& partition) {
  const auto found = topics_.find(partition.topic);
  if (found == topics_.end() || partition.partition < 0 ||
      static_cast<std::size_t>(partition.partition) >= found->second.partitions.size()) {
    return Error{ErrorCode::not_found, "no such partition"};
  }
  Partition& there = found->second.partitions[static_cast<std::size_t>(partition.partition)];
  if (there.leader != self_.id) return Error{ErrorCode::not_owner, "another node leads it"};
  return &there;
}

// --- Records -------------------------------------------------------------------------------------

Result<Produced> MemoryBroker::append(const TopicPartition& to, RecordBatch& batch) {
  if (failure_) return *failure_;
  auto found = find(to);
  if (!found) return found.error();
  Partition& partition = **found;
  const BatchHeader& header = batch.header;
  if (header.producer_id >= 0) {
    auto [place, is_new] = partition.producers.try_emplace(header.producer_id);
    Producer& producer = place->second;
    if (is_new || header.producer_epoch > producer.epoch) {
      producer = {.epoch = header.producer_epoch, .next_sequence = 0};
    }
    if (header.producer_epoch < producer.epoch) {
      return Error{ErrorCode::fenced, "a later epoch of the producer exists"};
    }
    for (const auto& [sequence, offset] : producer.recent) {
      if (sequence != header.base_sequence) continue;
      ++duplicates_;
      return Produced{.base_offset = offset, .is_duplicate = true};
    }
    if (header.base_sequence != producer.next_sequence) {
      return Error{ErrorCode::out_of_order, "numbers before it are missing"};
    }
    producer.next_sequence = sequence_after(header.base_sequence, header.count);
    producer.recent.emplace_back(header.base_sequence, partition.end);
    if (producer.recent.size() > recent_batches) producer.recent.pop_front();
  }
  if (settings_.batches_max > 0 && partition.batches.size() >= settings_.batches_max) {
    return Error{ErrorCode::backlog_full, "the partition is full"};
  }
  const std::int64_t base = partition.end;
  partition.batches.push_back({base, header, std::make_shared<const std::string>(batch.bytes)});
  partition.last = base + header.count;
  partition.end = partition.last + settings_.offset_gap;
  records_ += header.count;
  ++batches_;
  return Produced{.base_offset = base, .log_start_offset = partition.start};
}

void MemoryBroker::produce(TopicPartition partition, RecordBatch batch, Done<Produced> done) {
  const std::lock_guard lock(mutex_);
  later([outcome = append(partition, batch), done = std::move(done)] { done(outcome); });
  for (auto& notify : take_due_watchers()) later(std::move(notify));
}

Result<Fetched> MemoryBroker::read(const FetchFrom& from) {
  auto found = find(from.partition);
  if (!found) return found.error();
  const Partition& partition = **found;
  if (from.offset < partition.start || from.offset > partition.end) {
    return Error{ErrorCode::expired, "the offset is not kept"};
  }
  Fetched fetched{.high_watermark = partition.last, .log_start_offset = partition.start};
  auto batch = std::upper_bound(
      partition.batches.begin(), partition.batches.end(), from.offset,
      [](std::int64_t offset, const Batch& each) { return offset < each.base_offset; });
  if (batch != partition.batches.begin()) --batch;
  BatchBuilder builder(from.bytes_max);
  std::vector<RecordHeader> headers;
  for (bool is_full = false; batch != partition.batches.end() && !is_full; ++batch) {
    RecordCursor cursor(*batch->bytes, batch->header.count, batch->header.base_timestamp_ms);
    while (auto record = cursor.next()) {
      const std::int64_t offset = batch->base_offset + record->offset_delta;
      if (offset < from.offset) continue;
      headers.clear();
      while (const auto header = record->headers.next()) headers.push_back(*header);
      if (!builder.add(offset, record->timestamp_ms, record->key, record->value, headers)) {
        is_full = true;
        break;
      }
      if (builder.count() == 1 && builder.size() > from.bytes_max) {
        is_full = true;
        break;
      }
    }
  }
  if (builder.count() == 0) return fetched;
  if (builder.size() > from.bytes_max && !from.takes_larger) {
    fetched.has_larger = true;
    return fetched;
  }
  fetched.next_offset = builder.next_offset();
  fetched.batches = builder.finish();
  return fetched;
}

void MemoryBroker::fetch(const FetchFrom& from, Done<Fetched> done) {
  const std::lock_guard lock(mutex_);
  later([outcome = read(from), done = std::move(done)] { done(outcome); });
}

std::vector<std::function<void()>> MemoryBroker::take_due_watchers() {
  std::vector<std::function<void()>> due;
  for (Watcher& each : watchers_) {
    if (!each.notify) continue;
    const auto found = find(each.partition);
    if (!found || (*found)->end > each.offset) due.push_back(std::exchange(each.notify, nullptr));
  }
  return due;
}

std::unique_ptr<Watch> MemoryBroker::watch(const TopicPartition& partition, std::int64_t offset,
                                           std::function<void()> notify) {
  const std::lock_guard lock(mutex_);
  watchers_.push_back({partition, offset, std::move(notify)});
  auto ticket = std::make_unique<Ticket>(*this, std::prev(watchers_.end()));
  for (auto& each : take_due_watchers()) later(std::move(each));
  return ticket;
}

void MemoryBroker::find_offset(const TopicPartition& partition, OffsetAt at,
                               std::int64_t timestamp_ms, Done<FoundOffset> done) {
  const std::lock_guard lock(mutex_);
  const auto outcome = [&]() -> Result<FoundOffset> {
    auto found = find(partition);
    if (!found) return found.error();
    if (at == OffsetAt::earliest) return FoundOffset{.offset = (*found)->start};
    if (at == OffsetAt::latest) return FoundOffset{.offset = (*found)->last};
    for (const Batch& batch : (*found)->batches) {
      RecordCursor cursor(*batch.bytes, batch.header.count, batch.header.base_timestamp_ms);
      while (const auto record = cursor.next()) {
        if (record->timestamp_ms < timestamp_ms) continue;
        return FoundOffset{batch.base_offset + record->offset_delta, record->timestamp_ms};
      }
    }
    return FoundOffset{};
  }();
  later([outcome, done = std::move(done)] { done(outcome); });
}

void MemoryBroker::init_producer(std::optional<ProducerId> before, Done<ProducerId> done) {
  const std::lock_guard lock(mutex_);
  ProducerId id{.id = ++last_producer_, .epoch = 0};
  if (before && before->epoch < std::numeric_limits<std::int16_t>::max()) {
    id = {before->id, static_cast<std::int16_t>(before->epoch + 1)};
  }
  later([id, done = std::move(done)] { done(id); });
}

// --- Groups --------------------------------------------------------------------------------------

std::optional<Broker> MemoryBroker::coordinator(const std::string& /*group*/) {
  const std::lock_guard lock(mutex_);
  if (coordinator_ == self_.id) return self_;
  const auto found = std::find_if(others_.begin(), others_.end(),
                                  [&](const Broker& each) { return each.id == coordinator_; });
  if (found == others_.end()) return std::nullopt;
  return *found;
}

void MemoryBroker::subscribe(const std::string& group, std::vector<std::string> topics,
                             Done<void> done) {
  const std::lock_guard lock(mutex_);
  if (failure_) {
    return later([failure = *failure_, done = std::move(done)] { done(failure); });
  }
  groups_[group].topics = std::move(topics);
  later([done = std::move(done)] { done({}); });
}

void MemoryBroker::commit(const std::string& group, std::vector<GroupOffset> offsets,
                          Done<std::vector<Result<void>>> done) {
  const std::lock_guard lock(mutex_);
  std::vector<Result<void>> results;
  for (GroupOffset& each : offsets) {
    const auto found = find(each.partition);
    if (failure_) {
      results.emplace_back(*failure_);
    } else if (!found) {
      results.emplace_back(found.error());
    } else if (each.offset > (*found)->end) {
      results.emplace_back(Error{ErrorCode::invalid_argument, "beyond the end"});
    } else {
      groups_[group].offsets[each.partition] = each;
      results.emplace_back();
    }
  }
  later([results, done = std::move(done)] { done(results); });
}

void MemoryBroker::committed(const std::string& group,
                             std::optional<std::vector<TopicPartition>> partitions,
                             Done<std::vector<GroupOffset>> done) {
  const std::lock_guard lock(mutex_);
  if (failure_) {
    return later([failure = *failure_, done = std::move(done)] { done(failure); });
  }
  std::vector<GroupOffset> offsets;
  const auto& known = groups_[group].offsets;
  if (!partitions) {
    for (const auto& [partition, offset] : known) offsets.push_back(offset);
  } else {
    for (const TopicPartition& each : *partitions) {
      const auto found = known.find(each);
      offsets.push_back(found == known.end() ? GroupOffset{.partition = each} : found->second);
    }
  }
  later([offsets, done = std::move(done)] { done(offsets); });
}

void MemoryBroker::unsubscribe(const std::string& group,
                               std::optional<std::vector<TopicPartition>> partitions,
                               Done<std::vector<Result<void>>> done) {
  const std::lock_guard lock(mutex_);
  const Result<void> missing = Error{ErrorCode::not_found, "no group " + group};
  std::vector<Result<void>> results;
  if (!partitions) {
    results.push_back(groups_.erase(group) > 0 ? Result<void>() : missing);
  } else {
    for (const TopicPartition& each : *partitions) {
      const bool is_erased = groups_.contains(group) && groups_[group].offsets.erase(each) > 0;
      results.push_back(is_erased ? Result<void>() : missing);
    }
  }
  later([results, done = std::move(done)] { done(results); });
}

std::vector<std::string> MemoryBroker::groups() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, group] : groups_) names.push_back(name);
  return names;
}

}  // namespace millrace::kafka
