#include "cluster/kafka/broker/queue_broker.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/kafka/broker/collect.hpp"
#include "cluster/kafka/broker/stored_batches.hpp"
#include "cluster/kafka/broker/time_search.hpp"
#include "messages/hash.hpp"

namespace millrace::kafka {
namespace {

constexpr std::chrono::seconds old_after{1};
constexpr std::int64_t ms_us = 1'000;
/// 1,000 years.
constexpr std::int64_t retention_max_ms = 1'000ll * 366 * 86'400'000;

/// A topic's retention in milliseconds, as Kafka's clients know it; the default of the node is not set.
constexpr const char* retention_key = "retention.ms";

Error no_topic(const std::string& name) {
  return {ErrorCode::not_found, "there is no topic " + name};
}

/// Cancels a watch of a queue when the client looks no more.
class QueueWatch final : public Watch {
 public:
  explicit QueueWatch(std::shared_ptr<queues::TopicWatch> watch) : watch_(std::move(watch)) {}
  ~QueueWatch() override { watch_->is_cancelled = true; }

 private:
  const std::shared_ptr<queues::TopicWatch> watch_;
};

/// nullopt: for ever, as -1 says.
Result<std::optional<std::int64_t>> parse_ms(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!is_number || value < -1 || value == 0 ||
      value > std::numeric_limits<std::int64_t>::max() / ms_us) {
    return Error{
        ErrorCode::invalid_argument,
        std::string(retention_key) + ": expected milliseconds above 0, or -1, got " + text};
  }
  if (value < 0) return std::optional<std::int64_t>();
  return std::optional(value);
}

}  // namespace

QueueBroker::QueueBroker(Options options, TopicQueues queues, calls::PeerCalls& peers)
    : options_(std::move(options)),
      queues_(queues),
      calls_(std::make_shared<TopicCalls>(options_.self, queues, peers, options_.owner)),
      random_(options_.seed) {}

// --- Nodes ---------------------------------------------------------------------------------------

// Numbers by the order of the names: the same on all nodes that have the same configuration.
std::map<std::string, Broker> QueueBroker::brokers() const {
  std::map<std::string, Broker> brokers;
  for (const NodeAddress& node : options_.nodes()) brokers[node.node] = {0, node.host, node.port};
  std::int32_t id = 0;
  for (auto& [name, broker] : brokers) broker.id = ++id;
  return brokers;
}

ClusterDescription QueueBroker::cluster() {
  ClusterDescription description;
  description.name = options_.cluster;
  for (const auto& [name, broker] : brokers()) {
    if (name == options_.self) description.self = broker.id;
    if (!broker.host.empty()) description.brokers.push_back(broker);
  }
  return description;
}

std::string QueueBroker::coordinating_node(const std::string& group) const {
  return options_.owner(topic_store, static_cast<std::uint32_t>(hash_key(group) % options_.shards));
}

std::optional<Broker> QueueBroker::coordinator(const std::string& group) {
  const auto known = brokers();
  const auto found = known.find(coordinating_node(group));
  if (found == known.end() || found->second.host.empty()) return std::nullopt;
  return found->second;
}

// --- Topics --------------------------------------------------------------------------------------

std::string QueueBroker::queue_of(const std::string& topic) const {
  return options_.queues.contains(topic) ? topic : topic_store;
}

std::string QueueBroker::type_of(const std::string& topic) const {
  const auto found = options_.queues.find(topic);
  return found == options_.queues.end() ? std::string() : found->second;
}

TopicDescription QueueBroker::describe(const std::string& name, const pb::TopicOptions& options,
                                       const std::map<std::string, Broker>& brokers) const {
  TopicDescription description;
  description.name = name;
  const std::string queue = queue_of(name);
  for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
    const auto owner = brokers.find(options_.owner(queue, shard));
    description.leaders.push_back(owner == brokers.end() ? -1 : owner->second.id);
  }
  const std::int64_t retention_us =
      options.retention_us() > 0 ? options.retention_us() : options_.retention_us;
  if (retention_us > 0) {
    description.configs.emplace_back(retention_key, std::to_string(retention_us / ms_us));
  }
  return description;
}

std::vector<TopicDescription> QueueBroker::topics() {
  refresh();
  const auto known = brokers();
  std::vector<TopicDescription> topics;
  for (const auto& [name, options] : catalogue_->topics())
    topics.push_back(describe(name, options, known));
  return topics;
}

std::optional<TopicDescription> QueueBroker::topic(const std::string& name) {
  refresh();
  const auto entry = catalogue_->find(name);
  if (!entry) return std::nullopt;
  return describe(name, entry->options, brokers());
}

QueueBroker::Calls QueueBroker::for_each_shard(const std::string& queue,
                                               const pb::TopicCall& call) const {
  Calls calls;
  for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
    pb::TopicCall& one = calls.emplace_back(call);
    one.set_queue(queue);
    one.set_shard(shard);
  }
  return calls;
}

void QueueBroker::call_all(const Calls& calls, std::function<bool(const Error&)> is_fine,
                           Done<void> done) {
  calls_->call(calls, [is_fine = std::move(is_fine),
                       done = std::move(done)](const TopicCalls::Results& results) {
    for (const auto& result : results) {
      if (!result && !is_fine(result.error())) return done(result.error());
    }
    done(Result<void>{});
  });
}

void QueueBroker::make(const std::string& topic, const pb::TopicOptions& options, bool updates,
                       Done<void> done) {
  pb::TopicCall call;
  call.mutable_make()->set_topic(topic);
  call.mutable_make()->set_updates(updates);
  *call.mutable_make()->mutable_options() = options;
  call_all(
      for_each_shard(queue_of(topic), call), [](const Error&) { return false; },
      [catalogue = catalogue_, topic, options, done = std::move(done)](const Result<void>& made) {
        if (made) catalogue->add(topic, options);
        done(made);
      });
}

void QueueBroker::join(const std::string& topic, const std::string& group, bool permanent,
                       Done<void> done) {
  pb::TopicCall call;
  call.mutable_join()->set_permanent(permanent);
  call.mutable_join()->set_topic(topic);
  call.mutable_join()->set_group(group);
  call_all(
      for_each_shard(queue_of(topic), call),
      [](const Error& error) { return error.code == ErrorCode::not_found; },
      [catalogue = catalogue_, topic, group, permanent,
       done = std::move(done)](const Result<void>& joined) {
        if (joined) catalogue->add_group(topic, group, permanent);
        done(joined);
      });
}

Result<pb::TopicOptions> QueueBroker::options_of(const NewTopic& topic) const {
  if (topic.partitions && *topic.partitions != static_cast<std::int32_t>(options_.shards)) {
    return Error{ErrorCode::invalid_argument,
                 "topic " + topic.name + ": expected " + std::to_string(options_.shards) +
                     " partitions, one for each shard of the cluster, or none given, got " +
                     std::to_string(*topic.partitions)};
  }
  pb::TopicOptions options;
  for (const auto& [key, value] : topic.configs) {
    if (key == "cleanup.policy" && value == "delete") continue;
    if (key != retention_key) {
      return Error{ErrorCode::invalid_argument,
                   "topic " + topic.name + ": expected " + retention_key + ", got " + key};
    }
    const auto ms = parse_ms(value);
    if (!ms) return ms.error();
    options.set_retention_us(*ms ? std::min(**ms, retention_max_ms) * ms_us
                                 : retention_max_ms * ms_us);
  }
  return options;
}

void QueueBroker::create_topic(NewTopic topic, Done<void> done) {
  const auto options = options_of(topic);
  if (!options) return done(options.error());
  if (topic.name == topic_store) {
    return done(Error{ErrorCode::invalid_argument,
                      "topic " + topic.name + ": the name belongs to the node"});
  }
  if (catalogue_->find(topic.name)) {
    return done(Error{ErrorCode::key_reused, "there is a topic " + topic.name});
  }
  if (topic.is_check_only) return done(Result<void>{});
  make(topic.name, *options, false, std::move(done));
}

void QueueBroker::delete_topic(const std::string& name, Done<void> done) {
  if (!catalogue_->find(name)) return done(no_topic(name));
  if (options_.queues.contains(name) || options_.topics.contains(name)) {
    return done(Error{ErrorCode::rejected, "topic " + name + " is of the configuration"});
  }
  pb::TopicCall call;
  call.mutable_remove()->set_topic(name);
  call_all(
      for_each_shard(topic_store, call),
      [](const Error& error) { return error.code == ErrorCode::not_found; },
      [catalogue = catalogue_, name, done = std::move(done)](const Result<void>& removed) {
        if (removed) catalogue->remove(name);
        done(removed);
      });
}

void QueueBroker::refresh() {
  {
    const std::lock_guard lock(mutex_);
    const auto now = options_.now();
    if (asked_at_ && now - *asked_at_ < old_after) return;
    asked_at_ = now;
  }
  ask_all();
}

bool QueueBroker::settle() {
  refresh();
  bool is_settled = true;
  const auto nothing = [](const Result<void>&) {
  };
  for (const auto& [name, configured] : options_.topics) {
    const auto entry = catalogue_->find(name);
    const bool has_options =
        entry && entry->options.retention_us() == configured.options.retention_us();
    if (!has_options) {
      is_settled = false;
      make(name, configured.options, true, nothing);
      continue;
    }
    for (const std::string& group : configured.groups) {
      const auto known = entry->groups.find(group);
      if (known != entry->groups.end() && known->second) continue;
      is_settled = false;
      join(name, group, true, nothing);
    }
  }
  return is_settled;
}

QueueBroker::Calls QueueBroker::describe_all(const pb::TopicCall& describe) const {
  Calls calls = for_each_shard(topic_store, describe);
  for (const auto& [name, type] : options_.queues) {
    Calls more = for_each_shard(name, describe);
    std::move(more.begin(), more.end(), std::back_inserter(calls));
  }
  return calls;
}

void QueueBroker::ask_all() {
  if (!catalogue_->begin()) return;
  pb::TopicCall call;
  call.mutable_describe()->set_names_only(true);
  const Calls calls = describe_all(call);
  std::vector<Catalogue::Place> places;
  for (const pb::TopicCall& one : calls) places.emplace_back(one.queue(), one.shard());
  calls_->call(calls, [catalogue = catalogue_, made = calls_, queues = options_.queues,
                       places](const TopicCalls::Results& results) {
    bool is_complete = true;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i]) {
        catalogue->learn(places[i], *results[i]);
      } else {
        is_complete = false;
      }
    }
    Calls gaps;
    const auto queue_of = [&queues](const std::string& topic) -> std::string {
      return queues.contains(topic) ? topic : topic_store;
    };
    for (const Catalogue::Gap& gap : catalogue->end(is_complete, queue_of)) {
      pb::TopicCall& make = gaps.emplace_back();
      make.set_queue(gap.place.first);
      make.set_shard(gap.place.second);
      make.mutable_make()->set_topic(gap.topic);
      *make.mutable_make()->mutable_options() = gap.options;
    }
    if (!gaps.empty()) made->call(gaps, [](const TopicCalls::Results&) {});
  });
}

// --- Records -------------------------------------------------------------------------------------

std::optional<Error> QueueBroker::check(const TopicPartition& partition) const {
  if (partition.partition >= 0 &&
      partition.partition < static_cast<std::int32_t>(options_.shards)) {
    return std::nullopt;
  }
  return Error{ErrorCode::not_found, "topic " + partition.topic + " has no partition " +
                                         std::to_string(partition.partition)};
}

void QueueBroker::produce(TopicPartition partition, RecordBatch batch, Done<Produced> done) {
  if (auto refusal = check(partition)) return done(std::move(*refusal));
  queues::AppendCommand command;
  command.offer = to_offer(partition.topic, batch);
  command.reply = queues::TopicReply<queues::TopicAppended>(
      [done = std::move(done)](const Result<queues::TopicAppended>& appended) {
        if (!appended) return done(appended.error());
        done(Produced{.base_offset = appended->base_offset,
                      .log_start_offset = appended->start,
                      .is_duplicate = appended->is_duplicate});
      });
  queues_.tell(queue_of(partition.topic), static_cast<std::uint32_t>(partition.partition),
               std::move(command));
}

void QueueBroker::fetch(const FetchFrom& from, Done<Fetched> done) {
  if (auto refusal = check(from.partition)) return done(std::move(*refusal));
  queues::ReadTopicCommand command;
  command.topic = from.partition.topic;
  command.offset = from.offset;
  command.bytes_max = from.bytes_max;
  command.takes_larger = from.takes_larger;
  command.reply = queues::TopicReply<queues::TopicRead>(
      [type = type_of(from.partition.topic),
       done = std::move(done)](const Result<queues::TopicRead>& read) {
        if (!read) return done(read.error());
        Fetched fetched;
        fetched.batches = to_batches(*read, type);
        if (!read->pieces.empty()) fetched.next_offset = read->pieces.back().batch.end();
        fetched.has_larger = read->has_larger;
        fetched.high_watermark = read->next;
        fetched.log_start_offset = read->start;
        done(std::move(fetched));
      });
  queues_.tell(queue_of(from.partition.topic), static_cast<std::uint32_t>(from.partition.partition),
               std::move(command));
}

std::unique_ptr<Watch> QueueBroker::watch(const TopicPartition& partition, std::int64_t offset,
                                          std::function<void()> notify) {
  auto watch = std::make_shared<queues::TopicWatch>();
  watch->topic = partition.topic;
  watch->offset = offset;
  watch->notify = std::move(notify);
  queues_.tell(queue_of(partition.topic), static_cast<std::uint32_t>(partition.partition),
               queues::WatchTopicCommand{watch});
  return std::make_unique<QueueWatch>(std::move(watch));
}

void QueueBroker::find_offset(const TopicPartition& partition, OffsetAt at,
                              std::int64_t timestamp_ms, Done<FoundOffset> done) {
  if (auto refusal = check(partition)) return done(std::move(*refusal));
  const std::string queue = queue_of(partition.topic);
  const auto shard = static_cast<std::uint32_t>(partition.partition);
  if (at == OffsetAt::time) {
    return search_time(queues_, queue, shard, partition.topic, timestamp_ms, std::move(done));
  }
  queues::DescribeTopicsCommand command;
  command.topic = partition.topic;
  command.group = std::string();
  command.reply = queues::TopicReply<std::vector<queues::TopicInfo>>(
      [topic = partition.topic, at,
       done = std::move(done)](const Result<std::vector<queues::TopicInfo>>& infos) {
        if (!infos) return done(infos.error());
        if (infos->empty()) return done(no_topic(topic));
        const queues::TopicInfo& info = infos->front();
        done(FoundOffset{.offset = at == OffsetAt::earliest ? info.start : info.next});
      });
  queues_.tell(queue, shard, std::move(command));
}

void QueueBroker::find_time_anywhere(const TopicPartition& partition, std::int64_t timestamp_ms,
                                     Done<FoundOffset> done) {
  if (auto refusal = check(partition)) return done(std::move(*refusal));
  pb::TopicCall call;
  call.set_queue(queue_of(partition.topic));
  call.set_shard(static_cast<std::uint32_t>(partition.partition));
  call.mutable_find_time()->set_topic(partition.topic);
  call.mutable_find_time()->set_timestamp_ms(timestamp_ms);
  calls_->call({call}, [done = std::move(done)](const TopicCalls::Results& results) {
    const auto& answer = results.front();
    if (!answer) return done(answer.error());
    done(FoundOffset{answer->found().offset(), answer->found().timestamp_ms()});
  });
}

// Whoever goes on under the same id is fenced by the later epoch as soon as its first batch is durable.
void QueueBroker::init_producer(std::optional<ProducerId> before, Done<ProducerId> done) {
  constexpr std::int16_t epoch_max = std::numeric_limits<std::int16_t>::max();
  if (before && before->epoch >= 0 && before->epoch < epoch_max) {
    return done(ProducerId{before->id, static_cast<std::int16_t>(before->epoch + 1)});
  }
  const std::lock_guard lock(mutex_);
  done(ProducerId{static_cast<std::int64_t>(random_() >> 1), 0});
}

}  // namespace millrace::kafka
