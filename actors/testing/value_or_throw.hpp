#pragma once

#include <stdexcept>
#include <utility>

#include "messages/result.hpp"

namespace millrace {

/// The value of `result`. Throws std::invalid_argument with the message of its error: a test that is
/// set up wrongly ends there.
template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw std::invalid_argument(result.error().message);
  return std::move(*result);
}

}  // namespace millrace
