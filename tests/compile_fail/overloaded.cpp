// expect: millrace: a handler needs exactly one operator(), and it must not be a template.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

struct Two {
  void operator()(const Placed&) const {}
  void operator()(const Reserved&) const {}
};

PipelineSpec wrong() {
  return pipeline("p").from(keyed_input()).then<Two>("two");
}

}  // namespace millrace::test
