#include "actors/pipeline/handler_stage.hpp"

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

void reset_results(StageRun& run) {
  run.results.clear();
  run.results.resize(run.inputs.size());
  run.next_state.reset();
  run.state_erased = false;
}

}  // namespace millrace::pipelines
