#include "actors/stage/handler_stage.hpp"

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

std::string unreadable_payload(const google::protobuf::MessageLite& prototype) {
  return "the payload is not a " + prototype.GetTypeName();
}

std::string unreadable_state(const google::protobuf::MessageLite& prototype) {
  return "the stored state of the key is not a " + prototype.GetTypeName();
}

std::string missing_key() {
  return "the message has no key, and the stage keeps its state by key";
}

bool parse_input(const StageInput& input, google::protobuf::MessageLite& message,
                 StageResult& result) {
  if (message.ParseFromString(input.envelope->payload())) return true;
  set_rejected(result, unreadable_payload(message));
  return false;
}

std::size_t bytes_of(const StageInput& input, const StageResult& result) {
  std::size_t bytes = input.envelope->payload().size() + item_bytes;
  for (const StageOutput& output : result.outputs) {
    bytes += output.payload.size() +
             (output.key ? output.key->size() : input.envelope->key().size()) + item_bytes;
  }
  for (const std::string& entry : result.history) bytes += entry.size() + item_bytes;
  for (const auto& timer : result.timers_set) {
    bytes +=
        timer.payload.size() + timer.name.size() + 2 * input.envelope->key().size() + item_bytes;
  }
  return bytes;
}

void limit_outcome(StageResult& result, std::size_t changes, const std::string& error) {
  if (result.kind != StageResult::Kind::acked) return;
  if (!error.empty()) return set_failed(result, error);
  std::size_t bytes = changes;
  for (const StageOutput& output : result.outputs) {
    bytes += output.payload.size() + (output.key ? output.key->size() : 0) + item_bytes;
  }
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
