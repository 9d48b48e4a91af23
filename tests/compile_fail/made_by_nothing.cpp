// expect: millrace: made_by takes a function without arguments that returns a handler.
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p").from(keyed_input()).then("check", made_by([] {})).to(keyed_input());
}

}  // namespace millrace::test
