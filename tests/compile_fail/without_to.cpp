// expect: millrace: the last stage returns messages that go nowhere: end with .to(queue).
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p").from(keyed_input()).then<Check>("check");
}

}  // namespace millrace::test
