#include "tests/orders/mini_pipeline.hpp"

#include <algorithm>
#include <ctime>

#include "messages/hash.hpp"

namespace millrace::orders::testing {
namespace {

std::chrono::nanoseconds thread_cpu_time() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

}  // namespace

MiniPipeline::MiniPipeline(const PipelineSpec& spec, std::uint64_t seed, Mischief mischief,
                           MortalityOf mortality_of, Sabotage sabotage)
    : spec_(spec),
      random_(seed),
      mischief_(mischief),
      mortality_of_(std::move(mortality_of)),
      sabotage_(std::move(sabotage)) {
  for (const StageSpec& stage : spec_.stages) {
    Queue& queue = queue_of(stage.source.name, stage.source.type);
    queue.stage = &stage;
    queue.handler = stage.make();
    for (const QueueSpec& target : stage.targets) queue_of(target.name, target.type);
  }
}

bool MiniPipeline::offer(const std::string& queue_name, const std::string& key, std::string payload,
                         const std::string& idempotency_key) {
  Queue& queue = queues_.at(queue_name);
  Key& to = key_of(queue, key);
  if (!idempotency_key.empty() && !queue.idempotency_keys.insert(idempotency_key).second) {
    ++to.ledger.duplicates;
    return false;
  }
  append(to, std::move(payload));
  return true;
}

bool MiniPipeline::step() {
  now_us_ += static_cast<TimeUs>(random_() % 50);
  if (ready_.empty() && due_.empty()) return false;
  if (ready_.empty()) now_us_ = std::max(now_us_, due_.top().at_us);
  while (!due_.empty() && due_.top().at_us <= now_us_) {
    const auto act = due_.top().act;
    due_.pop();
    act();
  }
  if (ready_.empty()) return true;

  std::vector<Key*> keys{&take_ready()};
  if (keys[0]->queue->stage->is_batch) {
    for (std::uint64_t more = random_() % 8; more > 0 && !ready_.empty(); --more) {
      Key& key = take_ready();
      if (key.queue == keys[0]->queue) {
        keys.push_back(&key);
      } else {
        ready_.push_back(&key);
      }
    }
  }
  std::erase_if(keys, [this](Key* key) { return !is_spared(*key); });
  if (!keys.empty()) run(std::move(keys));
  return true;
}

/// Stalls or kills the first message of the key at the rates of `mischief_`. Returns whether the
/// key is still to be run.
bool MiniPipeline::is_spared(Key& key) {
  if (happens(mischief_.stall)) {
    later(static_cast<DurationUs>(random_() % 60'000'000),
          [this, &key] { ready_.push_back(&key); });
    return false;
  }
  const Mortality mortality =
      mortality_of_(key.queue->name, key.messages.front().envelope->payload());
  if (mortality == Mortality::immortal || !happens(mischief_.kill)) return true;
  if (mortality == Mortality::redriven || happens(0.5)) {
    const std::string payload = key.messages.front().envelope->payload();
    later(static_cast<DurationUs>(random_() % 120'000'000),
          [this, &key, payload] { append(key, payload); });
  }
  bury(key);
  key.is_listed = false;
  list(key);
  return false;
}

void MiniPipeline::run(std::vector<Key*> keys) {
  std::vector<StageRun> runs;
  for (Key* key : keys) {
    if (sabotage_.swap > 0 && key->messages.size() > 1 && happens(sabotage_.swap)) {
      std::swap(key->messages[0], key->messages[1]);
    }
    StageRun& run = runs.emplace_back();
    run.key = key->name;
    run.state = key->state;
    const std::size_t messages_max = key->queue->stage->is_batch ? 1 : 1 + random_() % 3;
    for (std::size_t i = 0; i < std::min(messages_max, key->messages.size()); ++i) {
      const Message& message = key->messages[i];
      Context::Facts facts;
      facts.id = {message.sequence, 0};
      facts.key = key->name;
      facts.sequence = message.sequence;
      facts.failed = message.failed;
      facts.now_us = now_us_;
      run.inputs.push_back({message.envelope, Context(facts, key->queue->stage->name)});
    }
  }
  const auto began = thread_cpu_time();
  keys[0]->queue->handler->run(runs);
  handler_time_ += thread_cpu_time() - began;
  if (sabotage_.spoil) {
    for (StageRun& run : runs) sabotage_.spoil(keys[0]->queue->name, run);
  }
  for (const StageRun& run : runs) handled_ += run.results.size();
  const bool crashes = happens(mischief_.crash);
  for (std::size_t k = 0; k < keys.size(); ++k) {
    Key& key = *keys[k];
    DurationUs wait_us = 0;
    for (std::size_t i = 0; !crashes && i < runs[k].results.size() && wait_us == 0; ++i) {
      if (runs[k].results[i].kind == StageResult::Kind::not_run) break;
      commit(key, runs[k], i);
      if (runs[k].results[i].kind == StageResult::Kind::retry && !key.messages.empty()) {
        wait_us = to_us(key.queue->stage->options.retry.first) << key.messages.front().failed;
      }
    }
    if (!crashes && runs[k].next_state) {
      key.state = std::make_shared<const std::string>(*std::move(runs[k].next_state));
    }
    if (wait_us != 0) {
      later(wait_us, [this, &key] { ready_.push_back(&key); });
    } else {
      key.is_listed = false;
      list(key);
    }
  }
}

void MiniPipeline::commit(Key& key, StageRun& run, std::size_t index) {
  Message& message = key.messages.front();
  StageResult& result = run.results[index];
  switch (result.kind) {
    case StageResult::Kind::acked: {
      const Message done = message;
      key.messages.pop_front();
      ++key.ledger.acked;
      return commit_acked(key, done, result);
    }
    case StageResult::Kind::retry:
      if (++message.failed >= key.queue->stage->options.retry.attempts) return bury(key);
      ++key.ledger.redelivered;
      return;
    default:
      return bury(key);
  }
}

void MiniPipeline::commit_acked(Key& key, const Message& message, StageResult& result) {
  for (std::string& entry : result.history) {
    key.history.push_back({message.sequence, now_us_, std::move(entry)});
  }
  for (const std::string& name : result.timers_cleared) key.timers.erase(name);
  for (const KeyedChanges::Timer& timer : result.timers_set) set_timer(key, timer);
  for (StageOutput& output : result.outputs) {
    const QueueSpec& target = key.queue->stage->targets[output.target];
    append(key_of(queue_of(target.name, target.type), output.key.value_or(key.name)),
           std::move(output.payload));
  }
}

void MiniPipeline::set_timer(Key& key, const KeyedChanges::Timer& timer) {
  const std::uint64_t number = ++numbers_;
  key.timers[timer.name] = number;
  later(to_us(timer.after), [this, &key, name = timer.name, payload = timer.payload, number] {
    const auto found = key.timers.find(name);
    if (found == key.timers.end() || found->second != number) return;
    key.timers.erase(found);
    append(key, payload);
  });
}

void MiniPipeline::bury(Key& key) {
  key.messages.pop_front();
  ++key.ledger.dead;
  ++dead_letters_;
}

MiniPipeline::Queue& MiniPipeline::queue_of(const std::string& name, const std::string& type) {
  Queue& queue = queues_[name];
  queue.name = name;
  queue.type = type;
  return queue;
}

MiniPipeline::Key& MiniPipeline::key_of(Queue& queue, const std::string& name) {
  return queue.keys.try_emplace(name, Key{&queue, name}).first->second;
}

void MiniPipeline::append(Key& key, std::string payload) {
  auto envelope = std::make_shared<pb::Envelope>();
  envelope->set_key(key.name);
  envelope->set_payload(std::move(payload));
  key.messages.push_back({++key.queue->last_sequence, 0, std::move(envelope)});
  ++key.ledger.offered;
  list(key);
}

void MiniPipeline::list(Key& key) {
  if (key.is_listed || key.messages.empty() || key.queue->stage == nullptr) return;
  key.is_listed = true;
  ready_.push_back(&key);
}

void MiniPipeline::later(DurationUs after_us, std::function<void()> act) {
  due_.push({now_us_ + after_us, ++numbers_, std::move(act)});
}

MiniPipeline::Key& MiniPipeline::take_ready() {
  std::swap(ready_[random_() % ready_.size()], ready_.back());
  Key& key = *ready_.back();
  ready_.pop_back();
  return key;
}

bool MiniPipeline::happens(double rate) {
  return static_cast<double>(random_() >> 11) * 0x1.0p-53 < rate;
}

DurableView MiniPipeline::view(std::uint32_t shards) const {
  DurableView view;
  for (const auto& [name, queue] : queues_) {
    const std::size_t first = view.queues.size();
    for (std::uint32_t shard = 0; shard < shards; ++shard) {
      QueueView& part = view.queues.emplace_back();
      part.name = name;
      part.type = queue.type;
      part.shard = shard;
    }
    for (const auto& [key_name, key] : queue.keys) {
      QueueView& part = view.queues[first + shard_of(key_name, shards)];
      part.ledger += key.ledger;
      part.timers += key.timers.size();
      for (const Message& message : key.messages) {
        part.messages.push_back({message.sequence, message.failed, *message.envelope});
      }
      if (!key.state && key.history.empty()) continue;
      part.keys.push_back(
          {key_name, key.state ? *key.state : std::string(), key.state != nullptr, key.history});
    }
  }
  return view;
}

}  // namespace millrace::orders::testing
