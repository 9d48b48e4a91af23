// Nodes, their disks and a network that loses, repeats, delays and reorders, for one shard: what a
// shell does with the effects of the moves's cores, in memory, one step at a time.
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

/// What was said: a step of a move, or who owns the shard.
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

/// One node. What lasts over a crash: the record in `shard`, `staging`, `log`.
struct WorldNode {
  Shard shard;
  std::optional<StagingFile> staging;
  int log = 0;  ///< offers in this node's log of the shard; all nodes start empty
  bool has_data = false;

  std::vector<Stage> staging_writes;  ///< on their way to the disk
  std::optional<pb::MoveAttempt> quiescing;
  std::optional<pb::MoveAttempt> preparing;
  int cut = 0;  ///< what the chunks of the running move hold
};

/// A step that the world may take next.
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
    lose_staging,  // a crash that spoils the staging file
    move,
    cancel,
    offer,
  };
  Kind kind;
  std::string node;
  std::string target{};  ///< of a move
  Message message{};     ///< of a delivery
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

  /// All steps that are possible. Any message ever sent may come at any time, any number of times,
  /// or never.
  [[nodiscard]] std::vector<Step> steps() const;
  void take(const Step& step);

  /// What is wrong, or an empty text: two owners, one that lacks a confirmed offer, or one told to
  /// serve that must not.
  [[nodiscard]] std::string broken() const;

  /// The faults end: everything sent from now on arrives, once and in order. Returns the nodes that
  /// serve when all has come to rest.
  std::set<std::string> heal();

  /// No node moves the shard, or is in doubt whether it has.
  [[nodiscard]] bool is_settled() const;

  /// Equal for worlds that behave alike from here on.
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
