// PipelineCluster: a simulated cluster that runs pipelines of a user, with clients that offer messages, and a
// ledger that reads all logs. ClusterTest is the public side of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/routed.hpp"
#include "apps/testing/call_book.hpp"
#include "apps/testing/cluster_report.hpp"
#include "apps/testing/cluster_test.hpp"
#include "apps/testing/event_trace.hpp"
#include "apps/testing/message_ledger.hpp"
#include "apps/testing/trouble.hpp"
#include "cluster/testing/simulated_cluster.hpp"

namespace millrace::cluster_testing {

using Invariant = std::pair<std::string, std::function<bool(const ClusterTestView&)>>;

class PipelineCluster final : private SimulatedCluster {
 public:
  /// As ClusterTest::ClusterTest(); `options` have their final seed, and are in range.
  PipelineCluster(std::vector<PipelineSpec> pipelines, const ClusterTestOptions& options);
  ~PipelineCluster() override;

  /// As ClusterTest::send(), without checks.
  void send(const std::string& queue, const std::string& type, std::string key, std::string payload,
            MessageOptions options);
  void add_invariant(Invariant invariant) { invariants_.push_back(std::move(invariant)); }
  void add_at_end(Invariant invariant) { at_end_.push_back(std::move(invariant)); }
  /// null: without faults.
  void run(std::chrono::milliseconds span, const Trouble* trouble);
  [[nodiscard]] ClusterReport settle();

  [[nodiscard]] const MessageLedger& ledger() const { return ledger_; }

 private:
  /// A message that was not offered yet.
  struct Unsent {
    std::string queue;
    std::string type;
    pb::Envelope envelope;
    MessageOptions options;
  };
  /// What the client of one node has offered to one shard of a queue.
  struct Offered {
    std::vector<MessageId> ids{};  ///< in order
    std::size_t confirmed = 0;     ///< the first of them
  };
  struct OfferedKey {
    std::size_t node = 0;
    std::string queue;
    std::uint32_t shard = 0;
    friend auto operator<=>(const OfferedKey&, const OfferedKey&) = default;
  };

  void after_start(SimulatedNode& node) override { trace_.note(node.name + " starts"); }
  void before_kill(SimulatedNode& node) override { trace_.note(node.name + " ends"); }

  void step(const Trouble* trouble);
  void offer_some(std::size_t count);
  void offer(Unsent unsent);
  void read_logs();
  void check_confirmed();
  void check(const std::vector<Invariant>& invariants);
  void heal();
  [[nodiscard]] bool is_idle() const;
  [[nodiscard]] bool has_unconfirmed() const;
  void check_end();
  [[nodiscard]] std::string violation() const;
  [[nodiscard]] ClusterReport report() const;

  // Faults, in pipeline_trouble.cpp.
  void make_trouble(const Trouble& trouble);
  [[nodiscard]] bool happens(double per_second);
  [[nodiscard]] SimulatedNode& some_node();
  /// 1 us to `max`.
  [[nodiscard]] DurationUs some_time(std::chrono::milliseconds max);
  void crash(SimulatedNode& node);
  void move_some_shard();
  void cut_some_link(std::chrono::milliseconds max);
  void break_some_connection();
  void lose_frames(std::chrono::milliseconds max);

  const ClusterTestOptions options_;
  const std::vector<std::string> names_;
  CallBook calls_;
  std::vector<PipelineSpec> pipelines_;  ///< whose calls are noted
  std::vector<moves::QueueGroup> groups_;
  EventTrace trace_;
  MessageLedger ledger_;
  std::deque<Unsent> unsent_;
  std::map<OfferedKey, Offered> offered_;
  std::vector<std::size_t> read_;  ///< records of each log
  std::vector<Invariant> invariants_;
  std::vector<Invariant> at_end_;
  std::uint64_t ticks_ = 0;
  std::uint64_t sent_ = 0;
  std::string broken_;  ///< the first invariant that did not hold
};

}  // namespace millrace::cluster_testing
