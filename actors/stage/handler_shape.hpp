// HandlerShape: the parameters and the return type of a handler, read from its call operator.
// actors/pipeline/pipeline.hpp has the table of all shapes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "actors/stage/batch.hpp"
#include "actors/stage/context.hpp"
#include "actors/stage/keyed.hpp"
#include "actors/stage/outcome.hpp"
#include "actors/stage/pending.hpp"
#include "actors/stage/queue_ref.hpp"
#include "actors/stage/routed.hpp"

namespace millrace::pipelines {

template <class... Args>
struct Arguments {};

/// Splits the type of a call operator, or of a function, into return type and arguments.
template <class Call>
struct Signature;

template <class R, class... A>
struct Signature<R (*)(A...)> {
  using Return = R;
  using Takes = Arguments<A...>;
};

template <class R, class C, class... A>
struct Signature<R (C::*)(A...)> : Signature<R (*)(A...)> {};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...) const> : Signature<R (*)(A...)> {};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...) noexcept> : Signature<R (*)(A...)> {};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...) const noexcept> : Signature<R (*)(A...)> {};
template <class R, class... A>
struct Signature<R (*)(A...) noexcept> : Signature<R (*)(A...)> {};

/// Has exactly one call operator, which is not a template.
template <class Handler>
concept CallableObject = requires {
  // Ill-formed where the call operator is overloaded or a template.
  typename Signature<decltype(&Handler::operator())>::Return;
};

template <class Handler>
concept CallableFunction = requires {
  // Signature is defined for pointers to functions alone.
  typename Signature<Handler>::Return;
};

template <class Handler>
concept ReadableHandler = CallableObject<Handler> || CallableFunction<Handler>;

template <class Handler>
struct SignatureOf : Signature<Handler> {};
template <CallableObject Handler>
struct SignatureOf<Handler> : Signature<decltype(&Handler::operator())> {};

/// Classifies the parameters of a handler. `State` is void if the handler takes no Keyed<State>.
template <class Takes>
struct TakesShape {
  static constexpr bool is_valid = false;
};

template <class In, class S, bool context, bool batch>
struct ValidTakes {
  static constexpr bool is_valid = true;
  static constexpr bool is_batch = batch;
  static constexpr bool is_keyed = !std::is_void_v<S>;
  static constexpr bool wants_context = context;
  using Input = In;
  using State = S;
};

template <Message In>
struct TakesShape<Arguments<const In&>> : ValidTakes<In, void, false, false> {};
template <Message In>
struct TakesShape<Arguments<const In&, const Context&>> : ValidTakes<In, void, true, false> {};
template <Message In, Message S>
struct TakesShape<Arguments<const In&, Keyed<S>&>> : ValidTakes<In, S, false, false> {};
template <Message In, Message S>
struct TakesShape<Arguments<const In&, Keyed<S>&, const Context&>>
    : ValidTakes<In, S, true, false> {};
template <Message In, Message S>
struct TakesShape<Arguments<const In&, Keyed<S, In>&>> : ValidTakes<In, S, false, false> {};
template <Message In, Message S>
struct TakesShape<Arguments<const In&, Keyed<S, In>&, const Context&>>
    : ValidTakes<In, S, true, false> {};
template <Message In, class S>
struct TakesShape<Arguments<std::span<const BatchItem<In, S>>>> : ValidTakes<In, S, true, true> {};
template <Message In, class S>
struct TakesShape<Arguments<const std::span<const BatchItem<In, S>>&>>
    : ValidTakes<In, S, true, true> {};

enum class Returns : std::uint8_t {
  unusable,  ///< no type that a handler may return
  nothing,   ///< the stage is a sink
  typed,     ///< messages of one type, for every queue of `.to`
  routed,    ///< messages, each for the queue that it names
};

template <Returns r, class O = void, bool async = false>
struct ReturnsAs {
  static constexpr Returns returns = r;
  static constexpr bool is_async = async;
  using Output = O;
};

/// Classifies the result for one message.
template <class R>
struct ReturnShape : ReturnsAs<Returns::unusable> {};
template <>
struct ReturnShape<void> : ReturnsAs<Returns::nothing> {};
template <>
struct ReturnShape<Outcome<void>> : ReturnsAs<Returns::nothing> {};
template <>
struct ReturnShape<Routed> : ReturnsAs<Returns::routed> {};
template <>
struct ReturnShape<Outcome<Routed>> : ReturnsAs<Returns::routed> {};
template <Message Out>
struct ReturnShape<Out> : ReturnsAs<Returns::typed, Out> {};
template <Message Out>
struct ReturnShape<std::optional<Out>> : ReturnsAs<Returns::typed, Out> {};
template <Message Out>
struct ReturnShape<std::vector<Out>> : ReturnsAs<Returns::typed, Out> {};
template <Message Out>
struct ReturnShape<Outcome<Out>> : ReturnsAs<Returns::typed, Out> {};
template <>
struct ReturnShape<Pending<void>> : ReturnsAs<Returns::nothing, void, true> {};
template <>
struct ReturnShape<Pending<Routed>> : ReturnsAs<Returns::routed, void, true> {};
template <Message Out>
struct ReturnShape<Pending<Out>> : ReturnsAs<Returns::typed, Out, true> {};

/// Classifies the result of a batch handler: a vector with one result for each message, or void.
template <class R>
struct BatchReturnShape : ReturnsAs<Returns::unusable> {};
template <>
struct BatchReturnShape<void> : ReturnsAs<Returns::nothing> {};
template <class R>
struct BatchReturnShape<std::vector<R>>
    : std::conditional_t<ReturnShape<R>::is_async, ReturnsAs<Returns::unusable>, ReturnShape<R>> {};

/// Requires: ReadableHandler<Handler>, and TakesShape::is_valid for its parameters.
template <class Handler>
struct HandlerShape : TakesShape<typename SignatureOf<Handler>::Takes> {
  using Return = typename SignatureOf<Handler>::Return;
  using Gives = std::conditional_t<TakesShape<typename SignatureOf<Handler>::Takes>::is_batch,
                                   BatchReturnShape<Return>, ReturnShape<Return>>;
  using Output = typename Gives::Output;
  static constexpr Returns returns = Gives::returns;
  static constexpr bool is_async = Gives::is_async;
};

/// Full name of the Protobuf message that the handler keeps for each key; empty if it keeps none.
template <class Handler>
[[nodiscard]] std::string state_type() {
  using State = typename HandlerShape<Handler>::State;
  if constexpr (std::is_void_v<State>) {
    return {};
  } else {
    return wire::type_name<State>();
  }
}

}  // namespace millrace::pipelines
