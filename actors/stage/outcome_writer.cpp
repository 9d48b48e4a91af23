#include "actors/stage/outcome_writer.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "actors/stage/message_options.hpp"

namespace millrace::pipelines {
namespace {

/// Returns an error text for the options of an output; empty if they are valid.
std::string check_output(const MessageOptions& options) {
  if (std::string error = check_options(options); !error.empty()) return error;
  if (!options.idempotency_key.empty()) {
    return "idempotency_key: expected none; only a sender may set it";
  }
  return {};
}

}  // namespace

void set_failed(StageResult& result, std::string reason) {
  result = {};
  result.kind = StageResult::Kind::failed;
  result.reason = std::move(reason);
}

void set_rejected(StageResult& result, std::string reason) {
  result = {};
  result.kind = StageResult::Kind::rejected;
  result.reason = std::move(reason);
}

void OutcomeWriter::write(Routed& routed, StageResult& result) const {
  result.outputs.reserve(result.outputs.size() + routed.items().size());
  for (Routed::Item& item : routed.items()) {
    if (!add(item, result)) return;
  }
  write_done(result);
}

void OutcomeWriter::write(std::vector<Routed>& routed, StageResult& result) const {
  write_done(result);
  for (Routed& one : routed) {
    write(one, result);
    if (result.kind != StageResult::Kind::acked) return;
  }
}

void OutcomeWriter::write_retry(const Retry& retry, StageResult& result) {
  if (retry.delay && retry.delay->count() < 0) {
    return set_failed(result,
                      "the handler returned a Retry with delay: expected 0 or more; its "
                      "reason: " +
                          retry.reason);
  }
  result = {};
  result.kind = retry.counts ? StageResult::Kind::retry : StageResult::Kind::postponed;
  result.reason = retry.reason;
  result.delay = retry.delay;
}

bool OutcomeWriter::add(const google::protobuf::MessageLite& output, StageResult& result) const {
  if (!output.IsInitialized()) {
    set_failed(result,
               "the handler returned a " + output.GetTypeName() + " without its required fields");
    return false;
  }
  for (std::size_t target = 0; target < targets_.size(); ++target) {
    StageOutput& out = result.outputs.emplace_back();
    out.target = static_cast<std::uint32_t>(target);
    out.key = targets_[target].key_of(output);
    if (target > 0) {
      out.payload = result.outputs[result.outputs.size() - 2].payload;
    } else if (!output.SerializeToString(&out.payload)) {
      set_failed(result, "the handler returned a " + output.GetTypeName() +
                             " that is too large to serialize");
      return false;
    }
  }
  return true;
}

bool OutcomeWriter::add(Routed::Item& item, StageResult& result) const {
  const auto found = std::find_if(targets_.begin(), targets_.end(), [&](const auto& target) {
    return target.queue.name == item.queue;
  });
  if (found == targets_.end()) {
    set_failed(result, "the handler routed a message to queue " + item.queue +
                           ", which the stage does not declare in .to(...)");
    return false;
  }
  if (item.prototype != nullptr && item.prototype != found->prototype) {
    set_failed(result, "the handler routed a " + item.prototype->GetTypeName() + " to queue " +
                           item.queue + ", which carries " + found->queue.type);
    return false;
  }
  if (const std::string error = check_output(item.options); !error.empty()) {
    set_failed(result, "the handler routed a message to queue " + item.queue + " with " + error);
    return false;
  }
  if (!item.key && found->queue.key_of) {
    // The handler named the queue without key_by; the queue declared in .to has a key.
    const std::unique_ptr<google::protobuf::MessageLite> message(found->prototype->New());
    message->ParsePartialFromString(item.payload);
    item.key = found->key_of(*message);
  }
  result.outputs.push_back({.target = static_cast<std::uint32_t>(found - targets_.begin()),
                            .key = std::move(item.key),
                            .payload = std::move(item.payload),
                            .options = std::move(item.options)});
  return true;
}

}  // namespace millrace::pipelines
