// expect: millrace: the queue in .to carries another type than the stage returns.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p").from(keyed_input()).then<Check>("check").to(queue<Reserved>("x"));
}

}  // namespace millrace::test
