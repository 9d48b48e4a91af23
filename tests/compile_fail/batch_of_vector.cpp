// expect: millrace: a batch handler is std::vector<Outcome<Out>> operator()(Batch<In>) or
// operator()(Batch<In, State>).
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p").from(keyed_input()).then_batch("x", [](const std::vector<Placed>&) {});
}

}  // namespace millrace::test
