// expect: millrace: a stage with Keyed<State> needs a key: put .key_by(...) after .from(...), or on
// its input queue.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p")
      .from(queue<Placed>("in"))
      .then<Check>("check")
      .then<Reserve>("reserve")
      .to(queue<Reserved>("x"));
}

}  // namespace millrace::test
