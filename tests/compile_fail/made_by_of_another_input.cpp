// expect: millrace: the handler's input type is not the type of the messages that arrive at this
// stage.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p").from(keyed_input()).then("sink", made_by([] { return Sink(); }));
}

}  // namespace millrace::test
