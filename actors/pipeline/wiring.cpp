#include "actors/pipeline/wiring.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace millrace {
namespace {

/// Strongly connected components: Tarjan, "Depth-first search and linear graph algorithms", 1972.
/// Uses an explicit stack, because recursion would be as deep as the longest chain of queues.
class Cycles {
 public:
  explicit Cycles(std::vector<WiredQueue>& queues) : queues_(queues), marks_(queues.size()) {}

  /// Sets WiredQueue::cycle of all queues; returns the number of cycles.
  std::size_t number() {
    for (std::size_t queue = 0; queue < queues_.size(); ++queue) {
      if (marks_[queue].order == 0) visit(queue);
    }
    return cycles_;
  }

 private:
  struct Mark {
    std::size_t order = 0;      ///< of the first visit, from 1; 0: not visited
    std::size_t lowest = 0;     ///< lowest order reached so far; <= order
    std::size_t next_edge = 0;  ///< index into WiredQueue::feeds
    bool is_open = false;       ///< in open_: its cycle is not complete
  };

  void visit(std::size_t root) {
    std::vector<std::size_t> path;
    enter(root, path);
    while (!path.empty()) {
      const std::size_t queue = path.back();
      Mark& mark = marks_[queue];
      if (mark.next_edge < queues_[queue].feeds.size()) {
        const std::size_t next = queues_[queue].feeds[mark.next_edge++];
        if (marks_[next].order == 0) {
          enter(next, path);
        } else if (marks_[next].is_open) {
          mark.lowest = std::min(mark.lowest, marks_[next].order);
        }
        continue;
      }
      path.pop_back();
      if (!path.empty()) {
        Mark& parent = marks_[path.back()];
        parent.lowest = std::min(parent.lowest, mark.lowest);
      }
      if (mark.lowest == mark.order) close(queue);
    }
  }

  void enter(std::size_t queue, std::vector<std::size_t>& path) {
    marks_[queue] = {.order = ++visited_, .lowest = visited_, .is_open = true};
    path.push_back(queue);
    open_.push_back(queue);
  }

  void close(std::size_t root) {
    for (;;) {
      const std::size_t queue = open_.back();
      open_.pop_back();
      marks_[queue].is_open = false;
      queues_[queue].cycle = cycles_;
      if (queue == root) break;
    }
    ++cycles_;
  }

  std::vector<WiredQueue>& queues_;
  std::vector<Mark> marks_;
  std::vector<std::size_t> open_;
  std::size_t visited_ = 0;
  std::size_t cycles_ = 0;
};

class Builder {
 public:
  void add(std::size_t pipeline, std::size_t index, const StageSpec& stage) {
    WiredStage wired{.pipeline = pipeline, .stage = index, .source = queue(stage.source)};
    for (const QueueSpec& target : stage.targets) wired.targets.push_back(queue(target));
    wired.dead_letter = dead_letter(stage);
    for (const std::size_t target : wired.targets) {
      add_once(wiring_.queues[wired.source].feeds, target);
      add_once(wiring_.queues[target].fed_by, wired.source);
    }
    wiring_.stages.push_back(std::move(wired));
  }

  [[nodiscard]] Wiring finish() && {
    std::vector<std::vector<std::size_t>> members(Cycles(wiring_.queues).number());
    for (std::size_t i = 0; i < wiring_.queues.size(); ++i) {
      members[wiring_.queues[i].cycle].push_back(i);
    }
    for (WiredQueue& full : wiring_.queues) {
      for (const std::size_t member : members[full.cycle]) add_pressure(full, member);
    }
    return std::move(wiring_);
  }

 private:
  static void add_once(std::vector<std::size_t>& list, std::size_t value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
  }

  /// Adds the pressure of `full` on `member`, a queue of its cycle, and on the feeders of `member`.
  void add_pressure(WiredQueue& full, std::size_t member) {
    full.refuses_offers.push_back(member);
    for (const std::size_t feeder : wiring_.queues[member].fed_by) {
      if (wiring_.queues[feeder].cycle != full.cycle) add_once(full.holds_back, feeder);
    }
  }

  std::size_t queue(const QueueSpec& spec) {
    const auto [place, is_new] = numbers_.try_emplace(spec.name, wiring_.queues.size());
    if (is_new) wiring_.queues.push_back({.name = spec.name, .type = spec.type});
    return place->second;
  }

  std::size_t dead_letter(const StageSpec& stage) {
    const QueueSpec spec{.name = dead_letter_queue(stage), .type = stage.source.type};
    const std::size_t number = queue(spec);
    WiredQueue& dead_letters = wiring_.queues[number];
    dead_letters.is_dead_letter = true;
    if (dead_letters.type != spec.type) dead_letters.type.clear();
    return number;
  }

  Wiring wiring_;
  std::unordered_map<std::string, std::size_t> numbers_;
};

}  // namespace

std::size_t Wiring::find(std::string_view name) const {
  const auto found = std::find_if(queues.begin(), queues.end(),
                                  [name](const WiredQueue& queue) { return queue.name == name; });
  return static_cast<std::size_t>(found - queues.begin());
}

std::string default_dead_letters(const std::string& queue) {
  return queue + ".dead";
}

std::string dead_letter_queue(const StageSpec& stage) {
  return stage.options.dead_letter.empty() ? default_dead_letters(stage.source.name)
                                           : stage.options.dead_letter;
}

Wiring analyse_wiring(std::span<const PipelineSpec> pipelines) {
  Builder builder;
  for (std::size_t i = 0; i < pipelines.size(); ++i) {
    for (std::size_t j = 0; j < pipelines[i].stages.size(); ++j) {
      builder.add(i, j, pipelines[i].stages[j]);
    }
  }
  return std::move(builder).finish();
}

Result<void> add_topic_queues(Wiring& wiring, const std::set<std::string>& queues) {
  for (const WiredStage& stage : wiring.stages) {
    for (const std::size_t queue : {stage.source, stage.dead_letter}) {
      if (!queues.contains(wiring.queues[queue].name)) continue;
      return Error{ErrorCode::invalid_argument,
                   "queue " + wiring.queues[queue].name +
                       " keeps topics: a stage can write to it, and none can read it"};
    }
  }
  for (const std::string& name : queues) {
    const std::size_t index = wiring.find(name);
    if (index == wiring.queues.size()) {
      WiredQueue added;
      added.name = name;
      added.type = topic_queue_type;
      added.cycle = wiring.queues.size();
      for (const WiredQueue& queue : wiring.queues)
        added.cycle = std::max(added.cycle, queue.cycle + 1);
      wiring.queues.push_back(std::move(added));
    }
    wiring.queues[index].keeps_topics = true;
  }
  return {};
}

}  // namespace millrace
