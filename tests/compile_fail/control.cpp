// The handlers of the other cases, wired correctly: it compiles, so each case fails for its own
// reason.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

std::vector<PipelineSpec> sound() {
  using namespace std::chrono_literals;
  return {pipeline("typed")
              .from(queue<Placed>("in"))
              .key_by(&Placed::customer)
              .then<Check>("check", {.workers = 2})
              .then("reserve", Reserve{}, {.retry = {.attempts = 3, .first = 20ms}})
              .then_batch<Score>("score", {.batch = {.max = 32, .window = 5ms}})
              .then<Sink>("sink"),
          pipeline("timed").from(keyed_input()).then<Recount>("recount"),
          pipeline("timed in batches")
              .from(keyed_input())
              .then_batch("recount",
                          [](Batch<Placed, Stock> batch) {
                            for (const auto& item : batch) {
                              item.state.set_timer("recount", 24h, item.message);
                            }
                          }),
          pipeline("routed")
              .from(keyed_input())
              .then<Route>("route")
              .to(queue<Placed>("log"), queue<Reserved>("x"))};
}

}  // namespace millrace::test
