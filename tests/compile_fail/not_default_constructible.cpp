// expect: millrace: .then<Handler>(name) makes a handler for each worker, so it needs a default
// constructor; else use .then(name, handler).
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

struct Needy {
  explicit Needy(int) {}
  void operator()(const Placed&) const {}
};

PipelineSpec wrong() {
  return pipeline("p").from(keyed_input()).then<Needy>("needy");
}

}  // namespace millrace::test
