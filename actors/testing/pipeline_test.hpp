// PipelineTest: drives pipelines in a unit test: the real actors, with no sockets, threads or disk,
// on a virtual clock and a log in memory. The same seed gives the same run.
//
//     PipelineTest test({orders});
//     test.send(placed, order);
//     test.run();
//     EXPECT_EQ(test.peek(shipped).size(), 1u);
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/assembly/stage_meter.hpp"
#include "actors/operate/operation.hpp"
#include "actors/queue/state/ledger.hpp"
#include "actors/queue/state/limits.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/queue_ref.hpp"
#include "actors/stage/routed.hpp"
#include "actors/store/durable_view.hpp"
#include "messages/result.hpp"

namespace millrace {

struct PipelineTestOptions {
  std::uint32_t shards = 1;
  std::uint64_t seed = 0;   ///< order of what could happen at once; 0: as it comes
  queues::Limits limits{};  ///< of each queue, where no stage says otherwise
};

/// For one thread. Fails loudly: wrong wiring, or sending to an unknown queue, throws
/// std::invalid_argument, because a test has nothing better to do.
class PipelineTest {
 public:
  explicit PipelineTest(std::vector<PipelineSpec> pipelines, PipelineTestOptions options = {});
  ~PipelineTest();
  PipelineTest(const PipelineTest&) = delete;
  PipelineTest& operator=(const PipelineTest&) = delete;

  /// Offers `message` to `target`; run() brings it in.
  template <Message T>
  void send(const QueueRef<T>& target, const T& message, MessageOptions options = {}) {
    send(target.name(), std::string(T().GetTypeName()), target.key_of(message),
         message.SerializeAsString(), std::move(options));
  }

  /// Lets everything happen that can happen at this moment: messages, commits, handlers.
  void run();

  /// Lets `steps` things happen, then stops in the middle of it all.
  void run_steps(std::uint64_t steps);

  /// Moves the clock on, in steps of a millisecond, and lets happen what falls due. A handler that
  /// calls it takes this long, while everything else goes on.
  void advance(std::chrono::milliseconds span);

  /// Kills the node: what was not yet in the log is gone, and the log brings back the rest.
  /// Messages sent and not confirmed are offered again, as a client would.
  void crash();

  /// The live messages of a queue, in order within each shard.
  template <Message T>
  [[nodiscard]] std::vector<T> peek(const QueueRef<T>& target) {
    std::vector<T> out;
    for (const MessageView& message : messages(target.name())) {
      out.emplace_back().ParseFromString(message.envelope.payload());
    }
    return out;
  }

  /// As peek, with what surrounds the payload: also for dead letter queues.
  [[nodiscard]] std::vector<MessageView> messages(const std::string& queue);

  // What Runtime offers to operators; fails in the same way.
  Result<Removed> redrive(const std::string& dead_letter_queue, MessageFilter filter = {},
                          std::uint64_t max = no_maximum);
  Result<Removed> drop(const std::string& queue, MessageFilter filter = {},
                       std::uint64_t max = no_maximum);
  Result<Removed> purge(const std::string& queue) { return drop(queue); }

  /// The state of `key` at the stage that reads `queue`; none where it has none.
  template <Message S>
  [[nodiscard]] std::optional<S> state(const std::string& queue, const std::string& key) {
    for (const KeyView& view : keys(queue)) {
      if (view.key != key || view.value.empty()) continue;
      S state;
      state.ParseFromString(view.value);
      return state;
    }
    return std::nullopt;
  }

  /// States and histories of all keys.
  [[nodiscard]] std::vector<KeyView> keys(const std::string& queue);

  [[nodiscard]] queues::Ledger ledger(const std::string& queue);

  /// What became of messages at each stage, in the order of the pipelines.
  [[nodiscard]] std::vector<StageCounts> stage_counts() const;

  /// Time since the start of the test.
  [[nodiscard]] std::chrono::microseconds now() const;

 private:
  class Parts;
  Result<Removed> operate(const std::string& queue, Operation operation);
  void send(const std::string& queue, const std::string& type, std::string key, std::string payload,
            MessageOptions options);

  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace
