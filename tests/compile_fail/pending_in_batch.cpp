// expect: millrace: a batch handler returns one result for each message: a std::vector of
// Outcome<Out>, Out, std::optional<Out> or Routed; or void.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p")
      .from(keyed_input())
      .then_batch("x", [](Batch<Placed>) { return std::vector<Pending<Reserved>>(); })
      .to(queue<Reserved>("x"));
}

}  // namespace millrace::test
