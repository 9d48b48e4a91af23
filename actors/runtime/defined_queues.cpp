#include "actors/runtime/defined_queues.hpp"

#include <algorithm>
#include <utility>

#include "actors/pipeline/validate.hpp"
#include "actors/receiver/shell/external_stages.hpp"

namespace millrace {
namespace {

bool are_equal(const pb::QueueDefinition& a, const pb::QueueDefinition& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

}  // namespace

const StageSpec* DefinedQueues::find(const std::string& queue) const {
  for (const PipelineSpec& pipeline : pipelines_) {
    if (pipeline.name != receivers::leased_queues) continue;
    for (const StageSpec& stage : pipeline.stages) {
      if (stage.definition && stage.source.name == queue) return &stage;
    }
  }
  return nullptr;
}

bool DefinedQueues::is_named(const std::string& queue) const {
  const Wiring wiring = analyse_wiring(pipelines_);
  return wiring.find(queue) < wiring.queues.size();
}

void DefinedQueues::add(StageSpec stage) {
  auto leased = std::find_if(pipelines_.begin(), pipelines_.end(), [](const PipelineSpec& each) {
    return each.name == receivers::leased_queues;
  });
  if (leased == pipelines_.end()) {
    leased = pipelines_.insert(pipelines_.end(), {receivers::leased_queues, {}});
  }
  leased->stages.push_back(std::move(stage));
  ++defined_;
}

Result<void> DefinedQueues::recovered(const std::vector<pb::Declaration>& declarations,
                                      MakeDefinedStage make) {
  make_ = std::move(make);
  const std::lock_guard lock(mutex_);
  for (const pb::Declaration& each : declarations) {
    if (!each.has_definition() || !make_ || is_named(each.definition().name())) continue;
    auto stage = make_(each.definition());
    if (!stage) return stage.error();
    add(std::move(*stage));
  }
  return validate(pipelines_);
}

Result<Wiring> DefinedQueues::wiring(const std::set<std::string>& topic_queues) const {
  Wiring wiring = analyse_wiring(pipelines_);
  if (auto added = add_topic_queues(wiring, topic_queues); !added) return added.error();
  return wiring;
}

void DefinedQueues::define(const pb::QueueDefinition& definition, Done done) {
  if (!make_ || federation_ == nullptr || actors_ == nullptr) {
    return done(Error{ErrorCode::invalid_argument,
                      "this node takes no definitions of queues: expected a node of a cluster"});
  }
  auto stage = make_(definition);
  if (!stage) return done(stage.error());
  const std::string& name = definition.name();
  const std::string dead_letters = dead_letter_queue(*stage);
  {
    const std::lock_guard lock(mutex_);
    if (const StageSpec* const known = find(name)) {
      if (!are_equal(*known->definition, definition)) {
        return done(Error{ErrorCode::invalid_argument, "queue " + name + " is defined otherwise: " +
                                                           known->definition->ShortDebugString()});
      }
      waiting_.emplace(name, std::move(done));
    } else {
      if (defined_ >= queues_max) {
        return done(Error{ErrorCode::invalid_argument,
                          "expected at most " + std::to_string(queues_max) + " defined queues"});
      }
      if (auto valid = validate(std::vector{PipelineSpec{receivers::leased_queues, {*stage}}});
          !valid) {
        return done(valid.error());
      }
      if (auto defined = actors_->define_queue(*stage); !defined) return done(defined.error());
      add(std::move(*stage));
      waiting_.emplace(name, std::move(done));
      federation_->define_queue(name, dead_letters, [this, name] { settle(name); });
    }
  }
  settle(name);
}

void DefinedQueues::settle(const std::string& queue) {
  if (!actors_->is_complete(queue)) return;
  std::vector<Done> ready;
  {
    const std::lock_guard lock(mutex_);
    const auto [first, last] = waiting_.equal_range(queue);
    for (auto each = first; each != last; ++each) ready.push_back(std::move(each->second));
    waiting_.erase(first, last);
  }
  for (const Done& done : ready) done({});
}

bool DefinedQueues::is_ready(const std::string& queue) const {
  const std::vector<pb::QueueDefinition> all = definitions();
  return std::any_of(all.begin(), all.end(), [&](const pb::QueueDefinition& each) {
    return (each.name() == queue || default_dead_letters(each.name()) == queue) &&
           actors_->is_complete(each.name());
  });
}

bool DefinedQueues::knows(const pb::QueueDefinition& definition) const {
  const std::lock_guard lock(mutex_);
  const StageSpec* const known = find(definition.name());
  return known != nullptr && are_equal(*known->definition, definition);
}

std::vector<PipelineSpec> DefinedQueues::pipelines() const {
  const std::lock_guard lock(mutex_);
  return pipelines_;
}

std::vector<pb::QueueDefinition> DefinedQueues::definitions() const {
  const std::lock_guard lock(mutex_);
  std::vector<pb::QueueDefinition> found;
  for (const PipelineSpec& pipeline : pipelines_) {
    for (const StageSpec& stage : pipeline.stages) {
      if (stage.definition) found.push_back(*stage.definition);
    }
  }
  return found;
}

}  // namespace millrace
