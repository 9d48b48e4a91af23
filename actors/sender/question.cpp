#include "actors/sender/question.hpp"

#include <exception>

#include <spdlog/spdlog.h>

namespace millrace::senders {

Question::~Question() {
  settle(Error{ErrorCode::draining, "the node stops; the request stays, and its reply is dropped"});
}

// An exception must not end the actor that waits for all others.
void Question::settle(const Result<std::shared_ptr<const pb::Envelope>>& result) {
  if (is_settled_.exchange(true)) return;
  try {
    answered_(result);
  } catch (const std::exception& error) {
    spdlog::error("a callback of an asker threw: {}", error.what());
  } catch (...) {
    spdlog::error("a callback of an asker threw something that is not a std::exception");
  }
}

}  // namespace millrace::senders
