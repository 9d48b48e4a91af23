// MiniPipeline: runs a wired pipeline in one thread, without actors, disk or clock.
//
// It keeps the promises of the runtime in the simplest way: order within a key, all or nothing per
// message, a limit of retries, dead letters and timers. Within these promises it misbehaves as much
// as it can, by seed: it runs any ready key next, drops outcomes as a crash before the commit
// would, stalls keys, turns requests into dead letters and redrives some of them much later. Time
// is virtual.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/stage/pipeline_spec.hpp"
#include "actors/store/durable_view.hpp"

namespace millrace::orders::testing {

/// Rates, 0 to 1, of faults that the runtime allows; per attempt to handle a message.
struct Mischief {
  double crash = 0;  ///< the outcome is dropped and the message redelivered
  double stall = 0;  ///< the key is not run for up to a minute
  double kill = 0;   ///< the message becomes a dead letter unhandled; see Mortality
};

/// Faults that break a promise of the runtime or of a stage, so that the audit must report them.
struct Sabotage {
  double swap = 0;  ///< rate at which the first two messages of a key are swapped
  /// Called after the handler; may change its results. Empty: not called.
  std::function<void(const std::string& queue, StageRun& run)> spoil{};
};

/// Whether a message may become a dead letter. A dead letter is always redriven if `redriven`, half
/// of the time if `mortal`.
enum class Mortality : std::uint8_t { immortal, mortal, redriven };

class MiniPipeline {
 public:
  using MortalityOf =
      std::function<Mortality(const std::string& queue, const std::string& payload)>;

  MiniPipeline(const PipelineSpec& spec, std::uint64_t seed, Mischief mischief,
               MortalityOf mortality_of, Sabotage sabotage = {});

  /// Appends a message from outside. Returns false and drops it if its idempotency key is known.
  bool offer(const std::string& queue, const std::string& key, std::string payload,
             const std::string& idempotency_key = {});

  /// Runs one ready key, or a batch of keys of one queue; else advances the time to the next due
  /// action. Returns false if there is neither.
  bool step();

  [[nodiscard]] TimeUs now_us() const { return now_us_; }
  [[nodiscard]] std::uint64_t dead_letters() const { return dead_letters_; }

  /// CPU time of the handlers so far, including parsing and serialization.
  [[nodiscard]] std::chrono::nanoseconds handler_time() const { return handler_time_; }
  [[nodiscard]] std::uint64_t handled() const { return handled_; }

  /// Returns the durable state, with the keys distributed over `shards` shards.
  [[nodiscard]] DurableView view(std::uint32_t shards) const;

 private:
  struct Message {
    std::uint64_t sequence = 0;
    std::uint32_t failed = 0;
    std::shared_ptr<pb::Envelope> envelope;
  };
  struct Queue;
  struct Key {
    Queue* queue = nullptr;
    std::string name;
    std::deque<Message> messages{};
    std::shared_ptr<const std::string> state{};
    std::vector<HistoryView> history{};
    std::map<std::string, std::uint64_t> timers{};  ///< by name: number of its latest set_timer()
    queues::Ledger ledger{};
    bool is_listed = false;  ///< in ready_, or a due action will add it
  };
  struct Queue {
    std::string name;
    std::string type;
    const StageSpec* stage = nullptr;
    std::unique_ptr<Stage> handler{};
    std::uint64_t last_sequence = 0;
    std::unordered_map<std::string, Key> keys{};
    std::set<std::string> idempotency_keys{};
  };
  struct Due {
    TimeUs at_us;
    std::uint64_t number;  ///< order among actions of the same time: ascending
    std::function<void()> act;

    bool operator>(const Due& other) const {
      return std::pair(at_us, number) > std::pair(other.at_us, other.number);
    }
  };

  Queue& queue_of(const std::string& name, const std::string& type);
  Key& key_of(Queue& queue, const std::string& name);
  void append(Key& key, std::string payload);
  void list(Key& key);
  void later(DurationUs after_us, std::function<void()> act);
  Key& take_ready();
  bool happens(double rate);

  void run(std::vector<Key*> keys);
  bool is_spared(Key& key);
  void commit(Key& key, StageRun& run, std::size_t index);
  void commit_acked(Key& key, const Message& message, StageResult& result);
  void set_timer(Key& key, const KeyedChanges::Timer& timer);
  void bury(Key& key);

  PipelineSpec spec_;
  std::mt19937_64 random_;
  Mischief mischief_;
  MortalityOf mortality_of_;
  Sabotage sabotage_;
  std::map<std::string, Queue> queues_;
  std::vector<Key*> ready_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  TimeUs now_us_ = 1'700'000'000'000'000;
  std::uint64_t numbers_ = 0;
  std::uint64_t dead_letters_ = 0;
  std::chrono::nanoseconds handler_time_{0};
  std::uint64_t handled_ = 0;
};

}  // namespace millrace::orders::testing
