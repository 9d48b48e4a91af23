// expect: millrace: a handler returns Out, std::optional<Out>, std::vector<Out>, Outcome<Out>,
// Routed, Outcome<Routed>, Outcome<void> or void, where Out is a Protobuf message, or has a Codec; or a
// Pending of Out,
// Routed or void.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p")
      .from(keyed_input())
      .then("count", [](const Placed&) { return 7; })
      .then<Sink>("sink");
}

}  // namespace millrace::test
