// expect: millrace: a handler needs exactly one operator(), and it must not be a template.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p").from(keyed_input()).then("sink", [](const auto&) {});
}

}  // namespace millrace::test
