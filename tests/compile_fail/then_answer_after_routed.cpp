// expect: millrace: a stage that returns Routed ends its chain: name its queues with .to(...), and
// read each with a .from(...) of its own.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p").from(keyed_input()).then<Route>("route").then_answer("answer");
}

}  // namespace millrace::test
