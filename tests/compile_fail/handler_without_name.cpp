// expect: millrace: a stage needs a name: .then<Handler>(name, ...) or .then(name, handler, ...).
#include "tests/compile_fail/handlers.hpp"

namespace millrace::test {

PipelineSpec wrong() {
  return pipeline("p").from(keyed_input()).then(Check{}).to(keyed_input());
}

}  // namespace millrace::test
