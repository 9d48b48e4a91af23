// Outcome<Out>: what a handler says became of one message: outputs, retry or reject.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/stage/queue_ref.hpp"

namespace millrace {

/// Try the message again. Counts as a failure; the queue's retry policy decides on the delay unless
/// one is given here.
struct Retry {
  std::string reason;
  std::optional<std::chrono::microseconds> delay{};
};

/// Give the message up: it becomes a dead letter with this reason, at once.
struct Reject {
  std::string reason;
};

/// Outputs (none, one or many), or Retry, or Reject. Converts from each of them.
template <class Out>
class [[nodiscard]] Outcome {
 public:
  Outcome() = default;  ///< done, with no output
  Outcome(Out output) { std::get<0>(state_).push_back(std::move(output)); }
  Outcome(std::vector<Out> outputs) : state_(std::move(outputs)) {}
  Outcome(Retry retry) : state_(std::move(retry)) {}
  Outcome(Reject reject) : state_(std::move(reject)) {}

  [[nodiscard]] bool is_done() const { return state_.index() == 0; }
  [[nodiscard]] const std::vector<Out>* outputs() const { return std::get_if<0>(&state_); }
  [[nodiscard]] std::vector<Out>* outputs() { return std::get_if<0>(&state_); }
  [[nodiscard]] const Retry* retry() const { return std::get_if<Retry>(&state_); }
  [[nodiscard]] const Reject* reject() const { return std::get_if<Reject>(&state_); }

 private:
  std::variant<std::vector<Out>, Retry, Reject> state_;
};

/// Of a stage without outputs: done, or Retry, or Reject.
template <>
class [[nodiscard]] Outcome<void> {
 public:
  Outcome() = default;  ///< done
  Outcome(Retry retry) : state_(std::move(retry)) {}
  Outcome(Reject reject) : state_(std::move(reject)) {}

  [[nodiscard]] bool is_done() const { return state_.index() == 0; }
  [[nodiscard]] const Retry* retry() const { return std::get_if<Retry>(&state_); }
  [[nodiscard]] const Reject* reject() const { return std::get_if<Reject>(&state_); }

 private:
  std::variant<std::monostate, Retry, Reject> state_;
};

}  // namespace millrace
