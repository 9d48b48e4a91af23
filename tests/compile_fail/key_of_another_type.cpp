// expect: millrace: key_by takes a member function such as &Order::id, or a callable of the queue's
// message type, that gives a string or an integer.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p").from(queue<Reserved>("in")).key_by(&Placed::customer).then<Sink>("sink");
}

}  // namespace millrace::test
