// expect: millrace: .to needs at least one queue.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p").from(keyed_input()).then<Check>("check").to();
}

}  // namespace millrace::test
