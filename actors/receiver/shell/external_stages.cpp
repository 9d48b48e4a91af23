#include "actors/receiver/shell/external_stages.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <utility>

namespace millrace::receivers {
namespace {

constexpr char separator = '-';

/// Collects the results of one call from the actors of several stages.
class Gathering {
 public:
  Gathering(std::size_t items, std::size_t parts, LeaseResultsDone done)
      : results_(items, LeaseResult::lease_expired), open_(parts), done_(std::move(done)) {}

  void add(const std::vector<std::size_t>& places, const std::vector<LeaseResult>& results) {
    std::unique_lock lock(mutex_);
    for (std::size_t i = 0; i < places.size(); ++i) results_[places[i]] = results[i];
    if (--open_ > 0) return;
    lock.unlock();
    done_(std::move(results_));
  }

 private:
  std::mutex mutex_;
  std::vector<LeaseResult> results_;
  std::size_t open_;
  LeaseResultsDone done_;
};

}  // namespace

Result<std::size_t> ExternalStages::find(const std::string& pipeline,
                                         const std::string& stage) const {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    if (stages_[i].pipeline == pipeline && stages_[i].spec->name == stage) return i;
  }
  return Error{ErrorCode::not_found, "no pipeline " + pipeline + " has an external stage " + stage};
}

Result<std::size_t> ExternalStages::reader_of(const std::string& queue) const {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    if (stages_[i].spec->source.name == queue) return i;
  }
  return Error{ErrorCode::not_found, "no external stage reads queue " + queue};
}

std::string ExternalStages::token_prefix(std::size_t index) {
  return std::to_string(index) + separator;
}

std::size_t ExternalStages::index_of(const std::string& token) const {
  std::size_t index = 0;
  const char* const end = token.data() + token.size();
  const auto [at, error] = std::from_chars(token.data(), end, index);
  if (error != std::errc() || at == end || *at != separator) return stages_.size();
  return std::min(index, stages_.size());
}

const StageSpec* ExternalStages::stage_of(const std::string& token) const {
  const std::size_t index = index_of(token);
  return index < stages_.size() ? stages_[index].spec.get() : nullptr;
}

WaitId ExternalStages::ask(std::size_t index, Wait wait,
                           std::function<bool(std::vector<ExternalLease>)> done) const {
  wait.id = ++last_wait_;
  tell(stages_[index].actor, ExternalAskMessage{std::make_shared<ExternalRequest>(
                                 ExternalRequest{wait, std::move(done)})});
  return wait.id;
}

void ExternalStages::cancel(std::size_t index, WaitId wait) const {
  tell(stages_[index].actor, ExternalCancelMessage{wait});
}

// Sends each stage its items, and gathers the results.
template <class Item, class TokenOf, class Send>
void ExternalStages::distribute(std::vector<Item> items, LeaseResultsDone done, TokenOf token_of,
                                Send send) const {
  struct Part {
    std::vector<std::size_t> places;
    std::vector<Item> items;
  };
  std::map<std::size_t, Part> parts;
  const std::size_t count = items.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = index_of(token_of(items[i]));
    if (index == stages_.size()) continue;  // stays lease_expired
    parts[index].places.push_back(i);
    parts[index].items.push_back(std::move(items[i]));
  }
  if (parts.empty()) return done(std::vector<LeaseResult>(count, LeaseResult::lease_expired));
  const auto gathering = std::make_shared<Gathering>(count, parts.size(), std::move(done));
  for (auto& [index, part] : parts) {
    send(stages_[index].actor, std::move(part.items),
         std::make_shared<LeaseResultsDone>(
             [gathering, places = std::move(part.places)](std::vector<LeaseResult> results) {
               gathering->add(places, results);
             }));
  }
}

void ExternalStages::complete(std::vector<ExternalOutcome> outcomes, LeaseResultsDone done) const {
  distribute(
      std::move(outcomes), std::move(done), [](const ExternalOutcome& one) { return one.token; },
      [](const AnyActor& actor, std::vector<ExternalOutcome> part, auto part_done) {
        tell(actor, ExternalOutcomesMessage{
                        std::make_shared<std::vector<ExternalOutcome>>(std::move(part)),
                        std::move(part_done)});
      });
}

void ExternalStages::extend(const std::vector<std::string>& tokens, DurationUs by_us,
                            LeaseResultsDone done) const {
  distribute(
      tokens, std::move(done), [](const std::string& token) { return token; },
      [by_us](const AnyActor& actor, std::vector<std::string> part, auto part_done) {
        tell(actor, ExternalExtendMessage{std::move(part), by_us, std::move(part_done)});
      });
}

void ExternalStages::release(const std::vector<std::string>& tokens, LeaseResultsDone done) const {
  distribute(
      tokens, std::move(done), [](const std::string& token) { return token; },
      [](const AnyActor& actor, std::vector<std::string> part, auto part_done) {
        tell(actor, ExternalReleaseMessage{std::move(part), std::move(part_done)});
      });
}

void ExternalStages::end_session(std::uint64_t session) const {
  for (const Stage& stage : stages_)
    tell(stage.actor, ExternalReleaseMessage{{}, nullptr, session});
}

}  // namespace millrace::receivers
