// The compile-time checks of a wiring. Each failure is one static_assert with one sentence.
#pragma once

#include <type_traits>

#include "actors/stage/handler_shape.hpp"
#include "actors/stage/made_by.hpp"

namespace millrace::pipelines {

/// False, but dependent on the template parameters: a static_assert fails only when instantiated.
template <class...>
inline constexpr bool never = false;

/// The call that a handler is passed to.
enum class Place : bool { then, then_batch };

/// Returns true if `Handler` may handle messages of type `Arriving`; otherwise does not compile,
/// with one sentence for the first error. `maybe_keyed`: the messages may have a key.
template <class Handler, class Arriving, bool maybe_keyed, Place place>
constexpr bool check_shape() {
  using Shape = HandlerShape<Handler>;
  if constexpr (Shape::is_batch && place == Place::then) {
    static_assert(never<Handler>, "millrace: a handler of a Batch needs .then_batch, not .then.");
  } else if constexpr (!Shape::is_batch && place == Place::then_batch) {
    static_assert(never<Handler>,
                  "millrace: a batch handler is std::vector<Outcome<Out>> operator()(Batch<In>) or "
                  "operator()(Batch<In, State>).");
  } else if constexpr (!std::is_same_v<typename Shape::Input, Arriving>) {
    static_assert(never<Handler, Arriving>,
                  "millrace: the handler's input type is not the type of the messages that arrive "
                  "at this stage.");
  } else if constexpr (Shape::returns == Returns::unusable && place == Place::then_batch) {
    static_assert(never<typename Shape::Return>,
                  "millrace: a batch handler returns one result for each message: a std::vector of "
                  "Outcome<Out>, Out, std::optional<Out> or Routed; or void.");
  } else if constexpr (Shape::returns == Returns::unusable) {
    static_assert(never<typename Shape::Return>,
                  "millrace: a handler returns Out, std::optional<Out>, std::vector<Out>, "
                  "Outcome<Out>, Routed, Outcome<Routed>, Outcome<void> or void, where Out is a "
                  "Protobuf message, or has a Codec; or a Pending of Out, Routed or void.");
  } else if constexpr (Shape::is_async && Shape::is_keyed) {
    static_assert(never<Handler>,
                  "millrace: a handler that returns Pending cannot take Keyed<State>: the state of "
                  "its key is there only until it returns. Let a stage behind it keep the state.");
  } else if constexpr (Shape::is_keyed && !maybe_keyed) {
    static_assert(never<Handler>,
                  "millrace: a stage with Keyed<State> needs a key: put .key_by(...) after "
                  ".from(...), or on its input queue.");
  } else {
    return true;
  }
  return false;
}

/// As check_shape, after it has checked that Handler has one call operator with valid parameters.
template <class Handler, class Arriving, bool maybe_keyed, Place place>
constexpr bool check_handler() {
  if constexpr (std::is_same_v<Handler, NoHandler>) {
    // The compiler has said why.
  } else if constexpr (!ReadableHandler<Handler>) {
    static_assert(never<Handler>,
                  "millrace: a handler needs exactly one operator(), and it must not be a "
                  "template.");
  } else if constexpr (TakesShape<typename SignatureOf<Handler>::Takes>::is_valid) {
    return check_shape<Handler, Arriving, maybe_keyed, place>();
  } else if constexpr (place == Place::then_batch) {
    static_assert(never<Handler>,
                  "millrace: a batch handler is std::vector<Outcome<Out>> operator()(Batch<In>) or "
                  "operator()(Batch<In, State>).");
  } else {
    static_assert(never<Handler>,
                  "millrace: a handler takes (const In&), then optionally Keyed<State>& or "
                  "Keyed<State, In>&, then optionally const Context&, where In and State are "
                  "Protobuf messages, or have a Codec.");
  }
  return false;
}

/// Returns true if each worker can get a Handler: default-constructed if `From` is empty, else
/// copied. Otherwise does not compile.
template <class Handler, class... From>
constexpr bool check_origin() {
  if constexpr (sizeof...(From) == 0 && !std::is_default_constructible_v<Handler>) {
    static_assert(never<Handler>,
                  "millrace: .then<Handler>(name) makes a handler for each worker, so it needs a "
                  "default constructor; else use .then(name, handler).");
    return false;
  } else if constexpr ((is_made_by<From> || ...)) {
    return true;
  } else if constexpr (sizeof...(From) > 0 && !std::is_copy_constructible_v<Handler>) {
    static_assert(never<Handler>,
                  "millrace: a handler object is copied for each worker, so it must be copyable.");
    return false;
  } else {
    return true;
  }
}

}  // namespace millrace::pipelines
