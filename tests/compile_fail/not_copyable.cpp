// expect: millrace: a handler object is copied for each worker, so it must be copyable.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p").from(keyed_input()).then("x", [p = std::make_unique<int>()](const Placed&) {
  });
}

}  // namespace millrace::test
