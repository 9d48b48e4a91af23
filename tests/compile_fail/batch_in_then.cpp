// expect: millrace: a handler of a Batch needs .then_batch, not .then.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p").from(queue<Reserved>("r")).then<Score>("score").to(queue<Reserved>("x"));
}

}  // namespace millrace::test
