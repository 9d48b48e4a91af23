#include "actors/runtime/consumer.hpp"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "actors/base/clock.hpp"
#include "actors/receiver/shell/external_stages.hpp"
#include "actors/runtime/runtime.hpp"

namespace millrace {
namespace {

using receivers::LeaseResult;
using std::chrono::milliseconds;

constexpr milliseconds answer_timeout{10'000};
constexpr milliseconds wait_max = std::chrono::hours(24);
/// After the end of a wait, for the claim that may be on its way.
constexpr milliseconds claim_timeout{10'000};

/// What a thread of the program waits for, and an actor gives.
template <class Answer>
class Waiting {
 public:
  /// Returns false if nobody waits any more.
  bool give(Answer answer) {
    const std::lock_guard lock(mutex_);
    if (is_over_) return false;
    answer_ = std::move(answer);
    given_.notify_all();
    return true;
  }
  /// nullopt: nothing was given in time, and nothing will be.
  [[nodiscard]] std::optional<Answer> wait(milliseconds within) {
    std::unique_lock lock(mutex_);
    given_.wait_for(lock, within, [this] { return answer_.has_value(); });
    is_over_ = true;
    return std::move(answer_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable given_;
  std::optional<Answer> answer_;
  bool is_over_ = false;
};

/// Waits for the result of one lease, which `begin` asks for.
Result<void> result_of(const std::function<void(receivers::LeaseResultsDone)>& begin) {
  const auto waiting = std::make_shared<Waiting<LeaseResult>>();
  begin([waiting](std::vector<LeaseResult> results) { waiting->give(results.front()); });
  const auto result = waiting->wait(answer_timeout);
  if (!result) {
    return Error{ErrorCode::timeout, "no answer in time; whether it is durable is unknown"};
  }
  if (*result == LeaseResult::done || *result == LeaseResult::already_done) return {};
  return Error{ErrorCode::lease_expired, "the lease has ended; the message is delivered again"};
}

}  // namespace

Result<std::shared_ptr<const ConsumerLink>> ConsumerLink::open(
    std::shared_ptr<const receivers::ExternalStages> stages, const std::string& queue,
    const std::string& type, const Clock& clock) {
  const auto stage = stages->reader_of(queue);
  if (!stage) return stage.error();
  const StageSpec& spec = stages->spec(*stage);
  if (spec.source.type != type) {
    return Error{ErrorCode::invalid_argument,
                 "queue " + queue + " carries " + spec.source.type + ", not " + type};
  }
  if (!spec.targets.empty()) {
    return Error{ErrorCode::invalid_argument,
                 "stage " + spec.name + ", which reads queue " + queue +
                     ": expected one that writes to no queue, as a consumer gives no outputs"};
  }
  return std::make_shared<const ConsumerLink>(std::move(stages), *stage, clock);
}

Result<std::optional<LeasedMessage>> ConsumerLink::next(milliseconds within) const {
  within = std::clamp(within, milliseconds(0), wait_max);
  const SteadyUs until_us = time_after(clock_->steady_us(), to_us(within));
  const auto waiting = std::make_shared<Waiting<std::vector<receivers::ExternalLease>>>();
  const receivers::WaitId id =
      stages_->ask(stage_, {.max = 1, .until_us = until_us},
                   [waiting](std::vector<receivers::ExternalLease> leases) {
                     return waiting->give(std::move(leases));
                   });
  auto leases = waiting->wait(within + claim_timeout);
  if (!leases) stages_->cancel(stage_, id);
  if (!leases || (leases->empty() && clock_->steady_us() < until_us)) {
    return Error{ErrorCode::draining, "the node stops, and gives no more messages"};
  }
  if (leases->empty()) return std::optional<LeasedMessage>();
  // A claim of one message gets a lease of one.
  receivers::ExternalLease& lease = leases->front();
  const queues::GrantedMessage& granted = lease.grant.messages.front();
  return std::optional<LeasedMessage>({.lease = std::move(lease.token),
                                       .envelope = granted.body.message(),
                                       .sequence = granted.sequence,
                                       .failed = granted.failed});
}

Result<void> ConsumerLink::complete(const std::string& lease, StageResult result) const {
  receivers::ExternalOutcome outcome{.token = lease};
  outcome.results.push_back(std::move(result));
  std::vector<receivers::ExternalOutcome> outcomes;
  outcomes.push_back(std::move(outcome));
  return result_of([&](receivers::LeaseResultsDone done) {
    stages_->complete(std::move(outcomes), std::move(done));
  });
}

Result<void> ConsumerLink::extend(const std::string& lease, std::chrono::microseconds by) const {
  return result_of([&](receivers::LeaseResultsDone done) {
    stages_->extend({lease}, to_us(by), std::move(done));
  });
}

void ConsumerLink::release(const std::string& lease) const {
  stages_->release({lease}, [](const std::vector<LeaseResult>&) {});
}

std::string ConsumerLink::call_id(const pb::Envelope& envelope, std::uint32_t index) const {
  const Context context({.id = {envelope.id_high(), envelope.id_low()}},
                        stages_->spec(stage_).name);
  return context.call_id(index);
}

Result<std::shared_ptr<const ConsumerLink>> Runtime::open_consumer(const std::string& queue,
                                                                   const std::string& type) const {
  const auto stages = external_stages();
  if (!stages) return stages.error();
  return ConsumerLink::open(*stages, queue, type, clock());
}

}  // namespace millrace
