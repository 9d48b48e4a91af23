// Operations on live messages, each by Runtime::operate().
#include <utility>

#include "actors/runtime/runtime.hpp"

namespace millrace {

Result<std::vector<MessageView>> Runtime::peek(const std::string& queue, std::uint64_t max,
                                               MessageFilter filter) {
  auto done = operate(queue, {Operation::Verb::peek, std::move(filter), max});
  if (!done) return done.error();
  return std::move(done->seen);
}

Result<Removed> Runtime::redrive(const std::string& dead_letter_queue, MessageFilter filter,
                                 std::uint64_t max) {
  auto done = operate(dead_letter_queue, {Operation::Verb::redrive, std::move(filter), max});
  if (!done) return done.error();
  return std::move(done->removed);
}

Result<Removed> Runtime::drop(const std::string& queue, MessageFilter filter, std::uint64_t max) {
  auto done = operate(queue, {Operation::Verb::drop, std::move(filter), max});
  if (!done) return done.error();
  return std::move(done->removed);
}

}  // namespace millrace
