// Outcome<Out>: the result of handling one message: done with outputs, or Retry, or Reject.
//
//     Outcome<Reserved> operator()(const OrderPlaced& order, Keyed<Stock>& stock) {
//       if (!stock.exists()) return Retry{"stock not loaded", 5s};
//       if (warehouse.is_busy()) return Retry::later("the warehouse is busy", 1s);
//       if (order.lines().empty()) return Reject{"order without lines"};
//       return make_reserved(order);                     // one output; {} would be none
//     }
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/stage/queue_ref.hpp"

namespace millrace {

/// Handle the message again later. Counts as a failure: after RetryOptions::attempts failures, if
/// the stage names a number, the message becomes a dead letter with the last reason.
struct Retry {
  std::string reason;  ///< for people; cut off after 4 KiB
  /// 0 or more, else the handling has failed; nullopt: as RetryOptions says.
  std::optional<std::chrono::microseconds> delay{};
  bool counts = true;  ///< false: as later() says

  /// Handle the message again after `delay`, because what the handler needs has said "later", as a
  /// service does whose rate is limited. The message is postponed: it has not failed, whatever number
  /// of times; only its own deadline ends that. nullopt: the delay after its next failure.
  [[nodiscard]] static Retry later(std::string reason,
                                   std::optional<std::chrono::microseconds> delay = {}) {
    return {.reason = std::move(reason), .delay = delay, .counts = false};
  }
};

/// Give the message up: it becomes a dead letter at once, whatever attempts are left.
struct Reject {
  std::string reason;  ///< for people; cut off after 4 KiB
};

/// Done with any number of outputs, or Retry, or Reject. Converts from each of them. Out is a
/// Protobuf message or Routed.
template <class Out>
class [[nodiscard]] Outcome {
 public:
  Outcome() = default;  ///< done, without outputs
  Outcome(Out output) { std::get<0>(state_).push_back(std::move(output)); }
  Outcome(std::vector<Out> outputs) : state_(std::move(outputs)) {}
  Outcome(Retry retry) : state_(std::move(retry)) {}
  Outcome(Reject reject) : state_(std::move(reject)) {}

  [[nodiscard]] bool is_done() const { return state_.index() == 0; }
  /// Null unless done. The pointers below refer into this object; null if it is in another state.
  [[nodiscard]] const std::vector<Out>* outputs() const { return std::get_if<0>(&state_); }
  [[nodiscard]] std::vector<Out>* outputs() { return std::get_if<0>(&state_); }
  [[nodiscard]] const Retry* retry() const { return std::get_if<Retry>(&state_); }
  [[nodiscard]] const Reject* reject() const { return std::get_if<Reject>(&state_); }

 private:
  std::variant<std::vector<Out>, Retry, Reject> state_;
};

/// The result of a sink: done, or Retry, or Reject.
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
