// MoveWorld: a model of nodes, disks and a faulty network for one shard. Performs the effects of
// the move cores in memory, one step at a time.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cluster/move/core/move_core.hpp"
#include "cluster/move/core/source_core.hpp"
#include "cluster/move/core/target_core.hpp"

namespace millrace::moves {

constexpr std::uint64_t chunks_of_a_cut = 2;

/// A message in flight: a MoveStep or an Ownership.
struct Message {
  std::string from;
  std::string to;
  bool is_ownership = false;
  std::string bytes;

  friend auto operator<=>(const Message&, const Message&) = default;
};

/// A staging file: the chunks of one attempt.
struct StagingFile {
  pb::MoveAttempt attempt;
  std::uint64_t chunks = 0;
  std::vector<std::string> data;
};

/// One node. Durable: the record in `shard`, `staging` and `log`; a crash loses the rest.
struct WorldNode {
  Shard shard;
  std::optional<StagingFile> staging;
  int log = 0;  ///< number of offers of the shard in this node's log; 0 at the start
  bool has_data = false;

  std::vector<Stage> staging_writes;  ///< not durable yet
  std::optional<pb::MoveAttempt> quiescing;
  std::optional<pb::MoveAttempt> preparing;
  int cut = 0;  ///< value of `log` when the chunks of the current move were exported
};

/// A possible next step of the world.
struct Step {
  enum class Kind {
    deliver,
    write,
    stage,
    prepare,
    prepare_fails,
    quiesce,
    retry,
    crash,
    crash_after_write,
    lose_staging,  // a crash that damages the staging file
    move,
    cancel,
    offer,
  };
  Kind kind;
  std::string node;
  std::string target{};  ///< of a `move` step
  Message message{};     ///< of a delivery step
};

struct Budget {
  int moves = 2;
  int cancels = 1;
  int offers = 1;
  int failures = 1;  ///< of prepare
  int losses = 1;    ///< of staging files
};

class MoveWorld {
 public:
  /// The first of `names` owns the shard in epoch 1.
  MoveWorld(const std::vector<std::string>& names, Budget budget);

  /// Returns all possible steps. Any message that was sent may arrive at any later time, any number
  /// of times, or never.
  [[nodiscard]] std::vector<Step> steps() const;
  void take(const Step& step);

  /// Returns the violation, or an empty text: two owners, an owner without a confirmed offer, or an
  /// Open at a node that must not serve.
  [[nodiscard]] std::string broken() const;

  /// Ends the faults: messages sent from now on arrive once and in order. Returns the nodes that
  /// serve when no step is left.
  std::set<std::string> heal();

  /// Whether no move is in progress or undecided at any node.
  [[nodiscard]] bool is_settled() const;

  /// Returns a text that is equal for worlds with the same future behaviour.
  [[nodiscard]] std::string fingerprint() const;
  [[nodiscard]] const WorldNode& node(const std::string& name) const { return nodes_.at(name); }
  [[nodiscard]] int confirmed() const { return confirmed_; }

 private:
  void run(const std::string& name, const Effects& effects);
  void run(WorldNode& node, const std::string& name, const Effect& effect);
  void send(const std::string& from, const std::string& to, const pb::MoveStep& step);
  void gossip(const std::string& from);
  void open(WorldNode& node);
  void crash(const std::string& name);
  void prepare(const std::string& name, bool fails);

  std::map<std::string, WorldNode> nodes_;
  std::set<Message> sent_;
  std::vector<Message> fresh_;  ///< sent since `heal` began
  Budget budget_;
  std::uint64_t attempts_ = 0;
  int confirmed_ = 0;
  bool healing_ = false;
  std::string opened_wrongly_;
};

}  // namespace millrace::moves
