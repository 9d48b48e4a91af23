// Why a runtime does not do what a caller asks for.
#pragma once

#include <string>

#include "messages/result.hpp"

namespace millrace {

inline Error no_answer(const std::string& queue) {
  return {ErrorCode::timeout, "queue " + queue + " did not answer in time"};
}

inline Error not_compared() {
  return {ErrorCode::draining,
          "the data directory of the node is a copy, and other nodes have not said what they "
          "remember of it"};
}

}  // namespace millrace
