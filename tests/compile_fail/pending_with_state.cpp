// expect: millrace: a handler that returns Pending cannot take Keyed<State>: the state of its key is
// there only until it returns. Let a stage behind it keep the state.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p")
      .from(keyed_input())
      .then("reserve", [](const Placed&, Keyed<Stock>&) { return Promise<Reserved>().pending(); })
      .to(queue<Reserved>("x"));
}

}  // namespace millrace::test
