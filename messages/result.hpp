// Result<T>: a value or an Error. A subset of std::expected of C++23, which can replace it by an
// alias later.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "messages/error_code.hpp"

namespace millrace {

/// An operating error. Programs branch on `code` only.
struct Error {
  ErrorCode code;
  std::string message;  ///< for people: what failed, where, and what was expected

  friend bool operator==(const Error&, const Error&) = default;
};

/// Either a T or an Error. To access the value of a failed result, or the error of a successful
/// one, is a programming error and throws std::bad_variant_access.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  [[nodiscard]] bool has_value() const { return state_.index() == 0; }

  const T& operator*() const& { return std::get<0>(state_); }
  T& operator*() & { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  const T* operator->() const { return &std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }

  [[nodiscard]] const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> : public Result<std::monostate> {
 public:
  using Result<std::monostate>::Result;
  Result() : Result<std::monostate>(std::monostate{}) {}
};

}  // namespace millrace
