// expect: millrace: a timer takes a message of the type that its stage takes.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p").from(keyed_input()).then_batch("x", [](Batch<Placed, Stock> batch) {
    batch.front().state.set_timer("t", std::chrono::seconds(1), Reserved());
  });
}

}  // namespace millrace::test
