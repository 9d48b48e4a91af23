#include "actors/stage/handler_stage.hpp"

#include <algorithm>

#include "actors/stage/message_options.hpp"
#include "messages/bounds.hpp"
#include "messages/envelope.hpp"

namespace millrace::pipelines {

std::string exception_text() {
  try {
    throw;
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "the handler threw something that is not a std::exception";
  }
}

std::string unreadable_state(const google::protobuf::MessageLite& prototype) {
  return "the stored state of the key is not a " + prototype.GetTypeName();
}

std::string missing_key() {
  return "the message has no key, and the stage keeps its state by key";
}

std::size_t outcome_bytes(const pb::Envelope& input, const StageResult& result) {
  const std::size_t key = input.key().size();
  const std::size_t inherited = header_bytes_of(input);
  std::size_t bytes = key;  // of the change of the state
  for (const StageOutput& output : result.outputs) {
    bytes += output.payload.size() + (output.key ? output.key->size() : key) + item_bytes;
    bytes += millrace::bytes_of(output.options.headers) + inherited;
  }
  for (const std::string& entry : result.history) bytes += entry.size() + item_bytes;
  for (const auto& timer : result.timers_set) {
    bytes += timer.payload.size() + timer.name.size() + 2 * key + inherited + item_bytes;
  }
  for (const std::string& name : result.timers_cleared) bytes += name.size() + key + item_bytes;
  return bytes;
}

std::size_t run_bytes_of(const StageInput& input, const StageResult& result) {
  const pb::Envelope& envelope = *input.envelope;
  return millrace::bytes_of(envelope) + std::min(result.reason.size(), reason_bytes_max) +
         2 * item_bytes + outcome_bytes(envelope, result);
}

void limit_outcome(const StageInput& input, const std::type_info& taken,
                   const google::protobuf::MessageLite& prototype, StageResult& result) {
  if (result.kind != StageResult::Kind::acked) return;
  const pb::Envelope& envelope = *input.envelope;
  const auto fails = [&result](const std::optional<Error>& error, const char* what) {
    if (error) set_failed(result, what + error->message);
    return error.has_value();
  };
  for (const StageOutput& output : result.outputs) {
    // An inherited key was checked with its message, or is older than the bound.
    const MessageSizes sizes{.key = output.key ? output.key->size() : 0,
                             .payload = output.payload.size()};
    if (fails(check_sizes(sizes), "the handler returned ")) return;
  }
  for (const auto& timer : result.timers_set) {
    if (timer.after.count() < 0) {
      return set_failed(result,
                        "the handler set timer " + timer.name + " with after: expected 0 or more");
    }
    if (timer.type != nullptr && *timer.type != taken) {
      return set_failed(result, "the handler set timer " + timer.name +
                                    " with a message of another type: expected " +
                                    std::string(prototype.GetTypeName()) +
                                    ", which the stage takes");
    }
    const MessageSizes sizes{.key = timer.name.size(), .payload = timer.payload.size()};
    if (fails(check_sizes(sizes), "the handler set a timer with ")) return;
  }
  const std::size_t bytes = outcome_bytes(envelope, result);
  if (bytes <= outcome_bytes_max) return;
  set_failed(result, "the outcome takes " + std::to_string(bytes) + " bytes; expected at most " +
                         std::to_string(outcome_bytes_max));
}

void reset_results(StageRun& run) {
  run.results.clear();
  run.results.resize(run.inputs.size());
  run.next_state.reset();
  run.state_erased = false;
}

}  // namespace millrace::pipelines
