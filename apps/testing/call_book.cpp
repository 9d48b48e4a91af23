#include "apps/testing/call_book.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

#include "apps/testing/event_trace.hpp"

namespace millrace::cluster_testing {
namespace {

constexpr std::size_t differing_max = 10;

std::uint64_t mixed(std::uint64_t digest, std::uint64_t more) {
  return digest * 0x9E37'79B9'7F4A'7C15 + more + 1;
}
std::uint64_t mixed(std::uint64_t digest, const std::string& more) {
  return mixed(digest, hash_payload(more));
}

std::uint64_t digest_of(const StageResult& result, std::uint64_t outputs) {
  std::uint64_t digest = mixed(outputs, static_cast<std::uint64_t>(result.kind));
  for (const std::string& entry : result.history) digest = mixed(digest, entry);
  for (const KeyedChanges::Timer& timer : result.timers_set) {
    digest = mixed(mixed(digest, timer.name), timer.payload);
  }
  for (const std::string& name : result.timers_cleared) digest = mixed(digest, name);
  return digest;
}

/// The handler of a user, whose calls are noted.
class WatchedStage final : public Stage {
 public:
  WatchedStage(CallBook& book, std::shared_ptr<const StageSpec> spec, std::unique_ptr<Stage> inner)
      : book_(book), spec_(std::move(spec)), inner_(std::move(inner)) {}

  void run(std::span<StageRun> runs) override {
    inner_->run(runs);
    for (const StageRun& run : runs) book_.note(*spec_, run);
  }

 private:
  CallBook& book_;
  std::shared_ptr<const StageSpec> spec_;
  std::unique_ptr<Stage> inner_;
};

}  // namespace

void OutputDigest::add(const std::string& queue, const std::string& payload) {
  value_ = mixed(mixed(value_, queue), payload);
}

std::uint64_t digest_of_state(const std::string* value) {
  return value == nullptr ? 0 : hash_payload(*value);
}

void CallBook::watch(std::vector<PipelineSpec>& pipelines) {
  for (PipelineSpec& pipeline : pipelines) {
    for (StageSpec& stage : pipeline.stages) {
      if (!stage.make) continue;
      watched_[stage.source.name] = true;
      const auto spec = std::make_shared<const StageSpec>(stage);
      stage.make = [this, spec] {
        return std::make_unique<WatchedStage>(*this, spec, spec->make());
      };
    }
  }
}

void CallBook::note(const StageSpec& stage, const StageRun& run) {
  const std::uint64_t state = digest_of_state(run.state.get());
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < run.inputs.size() && i < run.results.size(); ++i) {
    const StageResult& result = run.results[i];
    if (result.kind == StageResult::Kind::not_run) return;
    ++calls_;
    const Context::Facts& facts = run.inputs[i].context.facts();
    OutputDigest outputs;
    for (const StageOutput& output : result.outputs) {
      outputs.add(stage.targets[output.target].name, output.payload);
    }
    Call call{.state = state,
              .before = stage.keeps_state ? before : 0,
              .failed = facts.failed,
              .messages = run.next_state ? run.inputs.size() : 0,
              .is_acked = result.kind == StageResult::Kind::acked,
              .outputs = outputs.value(),
              .outcome = digest_of(result, outputs.value())};
    if (run.next_state) call.outcome = mixed(call.outcome, *run.next_state);
    std::vector<Call>& earlier = book_[{stage.source.name, facts.id}];
    if (!stage.is_batch) compare(stage, earlier, call, run.inputs[i]);
    earlier.push_back(call);
    before = mixed(mixed(before, facts.id.high), facts.id.low);
  }
}

// The outcome of each message has the state that the whole run left, so only runs of equal length are
// compared.
void CallBook::compare(const StageSpec& stage, const std::vector<Call>& earlier, const Call& call,
                       const StageInput& input) {
  if (differing_.size() >= differing_max) return;
  const bool differs = std::any_of(earlier.begin(), earlier.end(), [&call](const Call& other) {
    return other.state == call.state && other.before == call.before &&
           other.failed == call.failed && other.messages == call.messages && other.is_acked &&
           call.is_acked && other.outcome != call.outcome;
  });
  if (!differs) return;
  std::string line = "stage " + stage.name + " returned two outcomes for message " +
                     shown(stage.source.type, *input.envelope);
  if (std::find(differing_.begin(), differing_.end(), line) == differing_.end()) {
    differing_.push_back(std::move(line));
  }
}

std::string CallBook::why_not(const std::string& queue, MessageId id, std::uint64_t outputs,
                              std::optional<std::uint64_t> state) const {
  const auto found = book_.find({queue, id});
  if (found == book_.end()) return "its handler was never called";
  bool has_outputs = false;
  for (const Call& call : found->second) {
    if (!call.is_acked || call.outputs != outputs) continue;
    has_outputs = true;
    if (!state || call.state == *state) return {};
  }
  return has_outputs ? "the handler saw another state than the one that was durable before"
                     : "its outputs are not those that a call of the handler returned";
}

}  // namespace millrace::cluster_testing
