#include "actors/sender/core/forwarder_core.hpp"

#include <utility>

#include "actors/base/assert.hpp"

namespace millrace::forwarders {
namespace {

using Kind = StageResult::Kind;

// Returns an outcome in which the first `acked` messages are acked and the others not run.
queues::LeaseOutcome end_lease(State& state, std::size_t acked) {
  queues::LeaseOutcome outcome;
  outcome.lease = std::exchange(state.lease, 0);
  outcome.messages.resize(std::exchange(state.run, 0));
  for (std::size_t i = 0; i < acked; ++i) outcome.messages[i].kind = Kind::acked;
  return outcome;
}

}  // namespace

void on_grant(State& state, const queues::Grant& grant) {
  MILLRACE_ASSERT(state.lease == 0 && !grant.messages.empty());
  senders::Stream& stream = state.stream;
  const std::uint64_t first = grant.messages.front().sequence;
  if (!stream.is_started) {
    stream.is_started = true;
    stream.settled = stream.sent = first - 1;
  }
  // An outbox leases its messages in order, and only this forwarder takes leases of it.
  MILLRACE_ASSERT(first == stream.last() + 1);
  for (const queues::GrantedMessage& message : grant.messages) push(stream, message.body.message());
  state.lease = grant.lease;
  state.run = static_cast<std::uint32_t>(grant.messages.size());
}

Result<void> on_attached(State& state, std::uint64_t last) {
  return senders::on_attached(state.stream, last);
}

void on_detached(State& state) {
  state.stream.is_attached = false;
}

std::optional<queues::LeaseOutcome> take_outcome(State& state) {
  if (state.lease == 0 || !state.stream.kept.empty()) return std::nullopt;
  return end_lease(state, state.run);
}

std::optional<queues::LeaseOutcome> give_back(State& state) {
  if (state.lease == 0) return std::nullopt;
  senders::Stream& stream = state.stream;
  const std::size_t settled = state.run - stream.kept.size();
  stream.kept.clear();
  stream.offers.clear();
  stream.sent = stream.settled;
  stream.resend_at_us = 0;
  return end_lease(state, settled);
}

}  // namespace millrace::forwarders
