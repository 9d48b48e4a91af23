// ClusterTest: runs pipelines on the nodes of a simulated cluster: their actors, links and moves in the
// calling thread, over a simulated network, on logs in memory and a virtual clock. One seed decides
// everything: when nodes crash and lose what they had not synced, what the network loses, delays, repeats
// and cuts, how clocks differ and when they are set, which shards move, and the order of all events.
//
//     ClusterTest test({orders}, {.nodes = 3, .seed = seed});
//     for (const Order& order : some) test.send(placed, order);
//     test.invariant("no stock is negative", [](const ClusterTestView& view) { … });
//     test.run_with_trouble(2s);
//     const ClusterReport report = test.settle();
//     EXPECT_TRUE(report) << report;                  // names the seed, which gives the same run
//
// What is checked without any invariant, from the records of all logs, by code that shares nothing with
// the runtime:
//
//   ledger   each message that was confirmed takes effect once in each queue: it is handled or given up,
//            and no other message appears
//   step     the outputs of a message are those that one call of its handler returned, all of them, and
//            that call saw the state which was durable before it
//   order    messages of one key take effect in the order in which they were sent, or in which the
//            messages from which they come took effect, if these had one key, too
//   owners   no shard has two owners; what an outbox handed over is at its target, once
//   end      once the trouble is over, every queue that a stage reads becomes empty
//
// Effects are the outputs, the state, the timers and the end of a message. What else a handler does, such as
// a call of another system, is repeated when it runs again, here as in production; an invariant that counts
// such calls finds handlers that cannot stand it.
//
// MILLRACE_SEED in the environment takes the place of every seed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/queue/state/limits.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/queue_ref.hpp"
#include "actors/stage/routed.hpp"
#include "apps/testing/cluster_report.hpp"
#include "apps/testing/cluster_view.hpp"
#include "apps/testing/trouble.hpp"

namespace millrace {

struct ClusterTestOptions {
  std::uint32_t nodes = 3;   ///< 1 to 26
  std::uint32_t shards = 4;  ///< 1 to 256, of each queue
  std::uint64_t seed = 1;
  queues::Limits limits{};  ///< of each queue; the options of its stage take precedence
  std::chrono::milliseconds down_max{300};  ///< longest time that a node is down; 1 ms to 1 h
  /// How long settle() waits, in virtual time: for messages, and for timers that are set. 0 or more.
  std::chrono::milliseconds settle_max{180'000};
  std::chrono::milliseconds timers_max{10'000};
  std::uint32_t events_max = 40;  ///< that a report has
  bool logs = false;  ///< otherwise the default logger of spdlog is off while the test exists
};

/// One thread. Handlers may not call it.
class ClusterTest {
 public:
  /// Starts all nodes. Throws std::invalid_argument if validate() fails, if a stage is external, because
  /// nobody would run it, or if an option or MILLRACE_SEED is not in its range.
  explicit ClusterTest(std::vector<PipelineSpec> pipelines, ClusterTestOptions options = {});
  ~ClusterTest();
  ClusterTest(const ClusterTest&) = delete;
  ClusterTest& operator=(const ClusterTest&) = delete;

  /// Takes a message for `target`. It is offered during the next run, at a time that the seed decides, by
  /// a client of one of the nodes: the same one for all messages of a key. Messages of a key are offered in
  /// the order of these calls. Throws std::invalid_argument if no pipeline declares the queue or an option is
  /// out of its range, and what the key function of `target` throws.
  template <Message T>
  void send(const QueueRef<T>& target, const T& message, MessageOptions options = {}) {
    send(target.name(), std::string(T().GetTypeName()), target.key_of(message),
         message.SerializeAsString(), std::move(options));
  }

  /// `holds` is called after every millisecond in which something became durable, and must be true then.
  void invariant(std::string promise, std::function<bool(const ClusterTestView&)> holds);
  /// The same, once at the end of settle(), when every message has been handled.
  void at_end(std::string promise, std::function<bool(const ClusterTestView&)> holds);

  /// Runs for a span of virtual time, without faults or with them. Ends at the first violation. Throws
  /// std::invalid_argument if a rate or duration is not in its range.
  void run(std::chrono::milliseconds span);
  void run_with_trouble(std::chrono::milliseconds span, const Trouble& trouble = {});

  /// Ends all faults, runs until every message has been handled, and checks everything. Takes no virtual
  /// time if there was a violation before.
  [[nodiscard]] ClusterReport settle();

  [[nodiscard]] const ClusterTestView& view() const;
  /// That of the options, or of MILLRACE_SEED.
  [[nodiscard]] std::uint64_t seed() const;

 private:
  class Parts;
  void send(const std::string& queue, const std::string& type, std::string key, std::string payload,
            MessageOptions options);

  std::unique_ptr<Parts> parts_;
};

/// Calls `run` with the seeds from `first` to `last`, and returns the first report that is false, else
/// the last one. MILLRACE_SEED: with that seed only; MILLRACE_SEEDS: with so many, from `first` on.
/// Throws std::invalid_argument if `first` > `last` or one of the variables is no number.
[[nodiscard]] ClusterReport for_each_seed(
    std::uint64_t first, std::uint64_t last,
    const std::function<ClusterReport(std::uint64_t seed)>& run);

}  // namespace millrace
