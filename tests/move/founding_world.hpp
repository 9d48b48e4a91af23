// FoundingWorld: nodes that found one shard, in memory: durable records, links that carry messages in
// order and lose them when they go down, crashes at each step, and layouts that change at any time.
// Everything follows from one seed.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "cluster/move/core/founding_core.hpp"

namespace millrace::moves {

/// A layout of the cluster: its nodes, and the home of the shard.
struct WorldLayout {
  std::set<std::string> nodes;
  std::string home;
};

/// A planted fault, to prove that the world detects it.
enum class FoundingSabotage : std::uint8_t {
  none,
  lost_promises,  ///< a promise is not durable: a crash loses it
  stale_words,    ///< what was said to an earlier layout counts
  lone_founders,  ///< a home founds without asking
};

class FoundingWorld {
 public:
  /// All nodes begin with layouts[0], running, without links.
  FoundingWorld(std::uint64_t seed, std::vector<WorldLayout> layouts,
                FoundingSabotage sabotage = FoundingSabotage::none);

  /// Takes one random step.
  void step();
  /// Ends the faults: all nodes of layouts[layout] run with it and have links; nothing is lost any more.
  void heal(std::size_t layout);

  // Single steps.
  void link(const std::string& a, const std::string& b);
  void cut(const std::string& a, const std::string& b);
  void crash(const std::string& name, bool after_write);
  void start(const std::string& name, std::size_t layout, bool accepts_loss = false);
  void wipe(const std::string& name);  ///< of a node that is down: its disk is empty
  void give_up(const std::string& name, const std::string& lost);
  /// Delivers messages and completes writes until there are none.
  void settle();

  /// The nodes that own the shard or may own it once their record is durable.
  [[nodiscard]] std::vector<std::string> owners() const;
  [[nodiscard]] const Shard& shard(const std::string& name) const { return nodes_.at(name).shard; }
  [[nodiscard]] const Wait& wait(const std::string& name) const { return nodes_.at(name).wait; }

 private:
  struct Message {
    std::uint64_t layout = 0;
    std::uint64_t round = 0;
    std::uint64_t seen_round = 0;
    pb::Ownership ownership;
  };
  struct Node {
    Shard shard;
    bool is_up = false;
    std::size_t layout = 0;
    std::uint64_t round = 0;
    bool accepts_loss = false;
    std::set<std::string> others{};
    std::set<std::string> given_up{};
    std::map<std::string, PeerWord> words{};
    std::map<std::string, std::deque<Message>>
        inbox{};  ///< by sender; a link that is down has none
    Wait wait{};
  };

  void relayout(const std::string& name, std::size_t layout);
  void deliver(const std::string& to, const std::string& from);
  void write(const std::string& name);
  void judge_shard(const std::string& name);
  void tell(const std::string& from, const std::string& to);
  void tell_all(const std::string& from);
  void run(const std::string& name, const Effects& effects);
  [[nodiscard]] std::string any_node();

  std::mt19937_64 random_;
  const std::vector<WorldLayout> layouts_;
  const FoundingSabotage sabotage_;
  std::map<std::string, Node> nodes_;
  std::set<std::pair<std::string, std::string>> links_;  ///< pairs in order of name
};

}  // namespace millrace::moves
