// expect: millrace: key_by takes a member function such as &Order::id, or a callable of the queue's
// message type, that gives a string or an integer.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p")
      .from(queue<Placed>("in").key_by([](const Placed& order) { return order; }))
      .then<Check>("c")
      .to(keyed_input());
}

}  // namespace millrace::test
