#include "tests/move/founding_world.hpp"

#include <algorithm>
#include <utility>

#include "actors/base/assert.hpp"

namespace millrace::moves {
namespace {

std::pair<std::string, std::string> in_order(const std::string& a, const std::string& b) {
  return a < b ? std::pair(a, b) : std::pair(b, a);
}

}  // namespace

FoundingWorld::FoundingWorld(std::uint64_t seed, std::vector<WorldLayout> layouts,
                             FoundingSabotage sabotage)
    : random_(seed), layouts_(std::move(layouts)), sabotage_(sabotage) {
  for (const WorldLayout& layout : layouts_) {
    for (const std::string& name : layout.nodes) nodes_[name].shard.self = name;
  }
  for (const std::string& name : layouts_.front().nodes) start(name, 0);
}

std::string FoundingWorld::any_node() {
  auto at = nodes_.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(random_() % nodes_.size()));
  return at->first;
}

void FoundingWorld::step() {
  const std::string name = any_node();
  const std::string other = any_node();
  Node& node = nodes_.at(name);
  const std::size_t layout = random_() % layouts_.size();
  const bool may_have_layout = layouts_[layout].nodes.contains(name);
  if (!node.is_up) {
    if (may_have_layout && random_() % 3 == 0) start(name, layout);
    return;
  }
  switch (random_() % 12) {
    case 0:
      return cut(name, other);
    case 1:
      if (random_() % 4 == 0) crash(name, random_() % 2 == 0);
      return;
    case 2:
      if (may_have_layout && random_() % 3 == 0) relayout(name, layout);
      return;
    case 3:
    case 4:
      return link(name, other);
    case 5:
    case 6:
      return write(name);
    default:
      return deliver(name, other);
  }
}

void FoundingWorld::heal(std::size_t layout) {
  for (auto& [name, node] : nodes_) {
    if (!layouts_[layout].nodes.contains(name)) {
      if (node.is_up) crash(name, true);
      continue;
    }
    if (!node.is_up) {
      start(name, layout);
    } else if (node.layout != layout) {
      relayout(name, layout);
    }
  }
  for (const std::string& a : layouts_[layout].nodes) {
    for (const std::string& b : layouts_[layout].nodes) link(a, b);
  }
  settle();
}

void FoundingWorld::settle() {
  for (bool moved = true; moved;) {
    moved = false;
    for (auto& [name, node] : nodes_) {
      if (node.is_up && node.shard.writing) {
        write(name);
        moved = true;
      }
      for (auto& [from, messages] : node.inbox) {
        if (messages.empty()) continue;
        deliver(name, from);
        moved = true;
      }
    }
  }
}

void FoundingWorld::link(const std::string& a, const std::string& b) {
  Node& one = nodes_.at(a);
  Node& two = nodes_.at(b);
  const bool may =
      a != b && one.is_up && two.is_up && one.others.contains(b) && two.others.contains(a);
  if (!may || !links_.insert(in_order(a, b)).second) return;
  one.words.erase(b);
  two.words.erase(a);
  tell(a, b);
  tell(b, a);
}

void FoundingWorld::cut(const std::string& a, const std::string& b) {
  if (links_.erase(in_order(a, b)) == 0) return;
  nodes_.at(a).inbox[b].clear();
  nodes_.at(b).inbox[a].clear();
  nodes_.at(a).words.erase(b);
  nodes_.at(b).words.erase(a);
  for (const std::string& name : {a, b}) {
    if (nodes_.at(name).is_up) judge_shard(name);
  }
}

void FoundingWorld::crash(const std::string& name, bool after_write) {
  Node& node = nodes_.at(name);
  if (after_write && node.shard.writing) node.shard.record = *node.shard.writing;
  const bool loses =
      sabotage_ == FoundingSabotage::lost_promises && node.shard.record.ownership().epoch() == 0;
  Shard after{.self = name, .record = loses ? pb::ShardRecord() : node.shard.record};
  node.is_up = false;
  for (auto& [other, peer] : nodes_) cut(name, other);
  node.shard = std::move(after);
  node.words.clear();
  node.given_up.clear();
}

void FoundingWorld::start(const std::string& name, std::size_t layout, bool accepts_loss) {
  Node& node = nodes_.at(name);
  MILLRACE_ASSERT(!node.is_up && layouts_[layout].nodes.contains(name));
  node.is_up = true;
  node.round = 0;
  node.accepts_loss = accepts_loss;
  relayout(name, layout);
}

void FoundingWorld::wipe(const std::string& name) {
  MILLRACE_ASSERT(!nodes_.at(name).is_up);
  nodes_.at(name).shard = Shard{.self = name, .record = {}};
}

void FoundingWorld::give_up(const std::string& name, const std::string& lost) {
  nodes_.at(name).given_up.insert(lost);
  judge_shard(name);
}

void FoundingWorld::relayout(const std::string& name, std::size_t layout) {
  Node& node = nodes_.at(name);
  node.layout = layout;
  node.others = layouts_[layout].nodes;
  node.others.erase(name);
  ++node.round;
  for (const auto& [other, peer] : nodes_) {
    if (!node.others.contains(other)) cut(name, other);
  }
  judge_shard(name);
  tell_all(name);
}

void FoundingWorld::deliver(const std::string& to, const std::string& from) {
  Node& node = nodes_.at(to);
  std::deque<Message>& inbox = node.inbox[from];
  if (inbox.empty()) return;
  const Message message = inbox.front();
  inbox.pop_front();
  PeerWord& word = node.words[from];
  const bool is_new_round = word.round != message.round;
  word.layout = message.layout;
  word.round = message.round;
  word.seen_round = message.seen_round;
  word.shards[{"", 0}] = message.ownership;
  run(to, learn(node.shard, message.ownership));
  if (is_new_round) tell(to, from);
  judge_shard(to);
}

void FoundingWorld::write(const std::string& name) {
  Node& node = nodes_.at(name);
  if (!node.shard.writing) return;
  run(name, written(node.shard));
  judge_shard(name);
  tell_all(name);
}

void FoundingWorld::judge_shard(const std::string& name) {
  Node& node = nodes_.at(name);
  const std::set<std::string> nobody;
  const bool is_alone = sabotage_ == FoundingSabotage::lone_founders;
  Judgement judged = judge(node.shard, layouts_[node.layout].home,
                           {node.layout + 1, node.round, is_alone ? nobody : node.others,
                            node.words, node.accepts_loss, node.given_up});
  if (!node.shard.writing || !judged.effects.empty()) node.wait = judged.wait;
  run(name, judged.effects);
}

void FoundingWorld::tell(const std::string& from, const std::string& to) {
  if (!links_.contains(in_order(from, to))) return;
  const Node& node = nodes_.at(from);
  const auto word = node.words.find(to);
  nodes_.at(to).inbox[from].push_back({node.layout + 1, node.round,
                                       word == node.words.end() ? 0 : word->second.round,
                                       told_ownership(node.shard)});
}

void FoundingWorld::tell_all(const std::string& from) {
  for (const std::string& other : nodes_.at(from).others) tell(from, other);
}

// A node that founds or learns writes one record; the world decides when it is durable.
void FoundingWorld::run(const std::string& name, const Effects& effects) {
  for (const Effect& effect : effects) {
    if (std::holds_alternative<Write>(effect)) MILLRACE_ASSERT(nodes_.at(name).shard.writing);
  }
}

std::vector<std::string> FoundingWorld::owners() const {
  std::vector<std::string> names;
  const auto is_owner = [](const pb::ShardRecord& record, const std::string& name) {
    return record.ownership().epoch() > 0 && record.ownership().owner() == name;
  };
  for (const auto& [name, node] : nodes_) {
    if (is_owner(node.shard.record, name) ||
        (node.shard.writing && is_owner(*node.shard.writing, name))) {
      names.push_back(name);
    }
  }
  return names;
}

}  // namespace millrace::moves
