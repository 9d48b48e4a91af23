#include "actors/receiver/outcome_builder.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "actors/stage/message_options.hpp"
#include "actors/stage/outcome_limits.hpp"
#include "messages/envelope.hpp"

namespace millrace::receivers {
namespace {

using queues::MessageOutcome;

queues::RoutedOutput build_output(const std::string& stage, const OutputRoutes& routes,
                                  const pb::Envelope& input, StageOutput& output,
                                  std::uint32_t index, TimeUs now_us) {
  queues::RoutedOutput routed;
  routed.envelope = std::make_unique<pb::Envelope>();
  pb::Envelope& envelope = *routed.envelope;
  const MessageId id = output_id({input.id_high(), input.id_low()}, stage, index);
  envelope.set_id_high(id.high);
  envelope.set_id_low(id.low);
  if (!input.reply_to().empty()) envelope.set_reply_to(input.reply_to());
  const bool is_reply =
      output.target < routes.reply_targets.size() && routes.reply_targets[output.target];
  if (is_reply && !input.reply_to().empty()) {
    envelope.set_key(input.reply_to());
  } else if (output.key) {
    envelope.set_key(std::move(*output.key));
  } else {
    envelope.set_key(input.key());
  }
  envelope.set_payload(std::move(output.payload));
  if (output.options.priority >= 0) {
    set_priority(envelope, output.options.priority);
  } else {
    envelope.set_urgency(input.urgency());
  }
  if (!output.options.idempotency_key.empty()) {
    envelope.set_idempotency_key(std::move(output.options.idempotency_key));
  }
  envelope.set_born_at_us(input.born_at_us());
  envelope.set_expires_at_us(input.expires_at_us());  // the rest of the deadline is inherited
  set_times(envelope, output.options, now_us);
  set_headers(envelope, output.options, &input);
  const TargetShards& shards = routes.targets[output.target];
  const std::uint32_t shard =
      envelope.key().empty() ? routes.shard
                             : shard_of(envelope.key(), static_cast<std::uint32_t>(shards.size()));
  routed.queue = shards[shard];
  return routed;
}

pb::TimerSet build_timer(const std::string& stage, const pb::Envelope& input,
                         KeyedChanges::Timer& timer, std::uint32_t index, TimeUs now_us) {
  pb::TimerSet set;
  set.set_key(input.key());
  set.set_name(std::move(timer.name));
  set.set_due_us(time_after(now_us, timer.after.count()));
  set.set_after_us(std::min<DurationUs>(timer.after.count(), time_max_us));
  pb::Envelope& envelope = *set.mutable_envelope();
  const MessageId id = output_id({input.id_high(), input.id_low()}, stage + "#timer", index);
  envelope.set_id_high(id.high);
  envelope.set_id_low(id.low);
  envelope.set_key(input.key());
  envelope.set_payload(std::move(timer.payload));
  envelope.set_urgency(input.urgency());
  envelope.set_born_at_us(input.born_at_us());
  if (!input.reply_to().empty()) envelope.set_reply_to(input.reply_to());
  set_headers(envelope, {}, &input);
  return set;
}

MessageOutcome build_message(const std::string& stage, const OutputRoutes& routes,
                             const pb::Envelope& input, StageResult& result, TimeUs now_us) {
  MessageOutcome message;
  message.kind = result.kind;
  message.reason = std::move(result.reason);
  if (message.reason.size() > reason_bytes_max) message.reason.resize(reason_bytes_max);
  if (result.delay) message.delay_us = result.delay->count();
  if (result.kind != StageResult::Kind::acked) return message;
  std::uint32_t index = 0;
  message.outputs.reserve(result.outputs.size());
  for (StageOutput& output : result.outputs) {
    message.outputs.push_back(build_output(stage, routes, input, output, index++, now_us));
  }
  message.history = std::move(result.history);
  message.timers_cleared = std::move(result.timers_cleared);
  index = 0;
  for (KeyedChanges::Timer& timer : result.timers_set) {
    message.timers_set.push_back(build_timer(stage, input, timer, index++, now_us));
  }
  return message;
}

}  // namespace

queues::LeaseOutcome build_outcome(const std::string& stage, const OutputRoutes& routes,
                                   queues::LeaseId lease, StageRun& run, TimeUs now_us) {
  queues::LeaseOutcome outcome;
  outcome.lease = lease;
  outcome.key = run.key;
  outcome.messages.reserve(run.inputs.size());
  for (std::size_t i = 0; i < run.inputs.size(); ++i) {
    outcome.messages.push_back(
        build_message(stage, routes, *run.inputs[i].envelope, run.results[i], now_us));
  }
  outcome.next_state = std::move(run.next_state);
  outcome.state_erased = run.state_erased;
  return outcome;
}

std::size_t bytes_of(const queues::LeaseOutcome& outcome, const StageRun& run) {
  std::size_t bytes = outcome.next_state ? outcome.next_state->size() : 0;
  bytes += outcome.key.size();
  for (std::size_t i = 0; i < outcome.messages.size(); ++i) {
    const MessageOutcome& message = outcome.messages[i];
    bytes += item_bytes + message.reason.size();
    if (message.kind != StageResult::Kind::acked)
      bytes += millrace::bytes_of(*run.inputs[i].envelope);
    for (const queues::RoutedOutput& output : message.outputs) {
      bytes += millrace::bytes_of(*output.envelope) + item_bytes;
    }
    for (const std::string& entry : message.history) bytes += entry.size() + item_bytes;
    for (const pb::TimerSet& timer : message.timers_set) bytes += timer.ByteSizeLong();
    for (const std::string& name : message.timers_cleared) {
      bytes += name.size() + outcome.key.size() + item_bytes;
    }
  }
  return bytes;
}

}  // namespace millrace::receivers
