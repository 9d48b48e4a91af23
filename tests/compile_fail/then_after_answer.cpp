// expect: millrace: nothing arrives here: a chain begins with .from(queue), and ends with
// .to(queue) or with a stage that returns nothing.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p").from(keyed_input()).then_answer("answer").then<Check>("check");
}

}  // namespace millrace::test
