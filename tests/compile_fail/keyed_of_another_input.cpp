// expect: millrace: a handler takes (const In&), then optionally Keyed<State>& or Keyed<State, In>&,
// then optionally const Context&, where In and State are Protobuf messages, or have a
// Codec.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p").from(keyed_input()).then("x", [](const Placed&, Keyed<Stock, Reserved>&) {});
}

}  // namespace millrace::test
