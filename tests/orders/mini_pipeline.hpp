// MiniPipeline: runs a wired pipeline in one thread, without actors, disk or clock.
//
// It keeps the runtime's promises (order within a key, all or nothing for each message, retries
// with a limit, dead letters, timers) in the plainest way, and does its worst within them, by seed:
// picks any ready key next, throws outcomes away as a crash before the commit would, lets keys
// stall, makes requests dead letters and sends some of those again much later. Time is virtual.
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

/// Rates, 0 to 1, for each time that a message is taken up.
struct Mischief {
  double crash = 0;  ///< the outcome is thrown away and the message comes again
  double stall = 0;  ///< the key is left alone for up to a minute
  double kill = 0;   ///< a message that `may_kill` allows becomes a dead letter unseen
};

/// What breaks a promise of the runtime or of a stage, so that an audit must find it.
struct Sabotage {
  double swap = 0;  ///< rate at which the first two messages of a key change places
  std::function<void(const std::string& queue, StageRun& run)> spoil{};  ///< after the handler
};

/// Whether a message may become a dead letter, and whether a person then always sends it again.
enum class Mortality : std::uint8_t { immortal, mortal, redriven };

class MiniPipeline {
 public:
  using MortalityOf =
      std::function<Mortality(const std::string& queue, const std::string& payload)>;

  MiniPipeline(const PipelineSpec& spec, std::uint64_t seed, Mischief mischief,
               MortalityOf mortality_of, Sabotage sabotage = {});

  /// Appends a message from outside. False where its idempotency key is known: it is dropped then.
  bool offer(const std::string& queue, const std::string& key, std::string payload,
             const std::string& idempotency_key = {});

  /// Takes up one ready key, or lets time pass to the next thing that is due. False: at rest.
  bool step();

  [[nodiscard]] TimeUs now_us() const { return now_us_; }
  [[nodiscard]] std::uint64_t dead_letters() const { return dead_letters_; }

  /// CPU time spent in handlers so far, parsing and serializing included.
  [[nodiscard]] std::chrono::nanoseconds handler_time() const { return handler_time_; }
  [[nodiscard]] std::uint64_t handled() const { return handled_; }

  /// Queues in `shards` shards.
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
    std::map<std::string, std::uint64_t> timers{};  ///< name to number of its latest setting
    queues::Ledger ledger{};
    bool is_listed = false;  ///< in ready_, or due to be
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
    std::uint64_t number;  ///< breaks ties: first come, first served
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
