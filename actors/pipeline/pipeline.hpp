// pipeline("name"): composes queues and handlers into a typed pipeline.
//
//     auto orders = pipeline("orders")
//         .from(queue<OrderPlaced>("orders.placed"))
//         .key_by(&OrderPlaced::customer_id)
//         .then<Validate>("validate", {.workers = 2})
//         .then("reserve", Reserve{warehouse}, {.retry = {.attempts = 3, .first = 20ms}})
//         .then_batch<Score>("score", {.batch = {.max = 32, .window = 5ms}})
//         .to(queue<OrderShipped>("orders.shipped"));
//
// A stage's name is mandatory: it names its metrics, its config key, and the queue in front of it:
// `.then("reserve", …)` after another stage reads "orders.reserve". That queue is keyed as the
// input of the stage before it, unless `.key_by(…)` stands between the two.
//
// A handler is an object with one call operator (or a function):
//
//     R operator()(const In&)                                 R operator()(const In&, Keyed<S>&)
//     R operator()(const In&, const Context&)                 … , Keyed<S>&, const Context&)
//
//     R = Out                 one message                     R = void           nothing: a sink
//     R = std::optional<Out>  one or none: a filter           R = Outcome<void>  done, retry,
//     reject R = std::vector<Out>    any number R = Outcome<Out>        any number, or Retry, or
//     Reject R = Routed              any number for several queues   R = Outcome<Routed>
//
// and of `.then_batch`, `std::vector<R> operator()(Batch<In>)` or `(Batch<In, S>)`, with one R for
// each message and R as above; or `void`. In, Out and S are generated Protobuf messages.
//
// A handler that throws has failed, with the exception's text. What it did to the state of its key
// counts only if its message is acked. `.then<Handler>(…)` makes a Handler for each worker;
// `.then(name, handler, …)` copies `handler` for each worker. A Handler is called by one thread at
// a time, so its own members need no lock; what it refers to does.
//
// Builders are values: each call gives a new one. What can be told at compile time fails there with
// one sentence that begins with "millrace:"; validate() (validate.hpp) tells the rest at start.
#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>

#include "actors/pipeline/open_stage.hpp"
#include "actors/pipeline/then_calls.hpp"
#include "actors/pipeline/wiring_checks.hpp"
#include "actors/stage/handler_shape.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/queue_ref.hpp"

namespace millrace {

template <Message T, bool maybe_keyed>
class Arrivals;

/// A pipeline of complete chains: what a node or a test runs. `.from` begins one more chain. Each
/// queue may be read by one stage of all pipelines.
class Pipeline : public PipelineSpec, public pipelines::ThenCalls<Pipeline> {
 public:
  explicit Pipeline(PipelineSpec spec) : PipelineSpec(std::move(spec)) {}

  /// Begins a chain with the messages of `source`.
  template <Message T>
  [[nodiscard]] Arrivals<T, true> from(const QueueRef<T>& source) const {
    // The analyzer loses sight of what a copied std::function owns.
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks)
    return {*this, pipelines::queue_spec(source), source.has_key()};
  }
  template <Message T>
  [[nodiscard]] Arrivals<T, false> from(const KeylessQueueRef<T>& source) const {
    return {*this, pipelines::queue_spec(source), false};
  }

  template <class... Targets>
  Miswired to(const Targets&... /*targets*/) const {
    return nothing_arrives<Targets...>();
  }

 private:
  friend class pipelines::ThenCalls<Pipeline>;

  template <class Handler, pipelines::Place place, class... From>
  Miswired add(const std::string& /*name*/, const StageOptions& /*options*/,
               const From&... /*from*/) const {
    return nothing_arrives<Handler>();
  }

  template <class... Anything>
  static Miswired nothing_arrives() {
    static_assert(pipelines::never<Anything...>,
                  "millrace: nothing arrives here: a chain begins with .from(queue), and ends with "
                  ".to(queue) or with a stage that returns nothing.");
    return {};
  }
};

/// Begins a pipeline. Names are 1 to 100 characters of [a-z0-9._-].
[[nodiscard]] inline Pipeline pipeline(std::string name) {
  return Pipeline(PipelineSpec{.name = std::move(name)});
}

/// The outputs of a stage that returns Routed: the queues that it names must be declared.
class RoutedOutputs : public pipelines::ThenCalls<RoutedOutputs> {
 public:
  explicit RoutedOutputs(pipelines::OpenStage open) : open_(std::move(open)) {}

  /// Declares every queue that the handler may name. A message for another one, or of another type
  /// than its queue's, makes the outcome a failure.
  template <Message... T>
  [[nodiscard]] Pipeline to(const QueueRef<T>&... targets) const {
    static_assert(sizeof...(T) > 0, "millrace: .to needs at least one queue.");
    return Pipeline(open_.closed({pipelines::stage_target(targets)...}));
  }

  template <std::same_as<PipelineSpec> Spec>
  operator Spec() const {
    return not_closed<Spec>();
  }

 private:
  friend class pipelines::ThenCalls<RoutedOutputs>;

  template <class Handler, pipelines::Place place, class... From>
  Miswired add(const std::string& /*name*/, const StageOptions& /*options*/,
               const From&... /*from*/) const {
    return not_closed<Handler>();
  }

  template <class... Anything>
  static Miswired not_closed() {
    static_assert(pipelines::never<Anything...>,
                  "millrace: a stage that returns Routed ends its chain: name its queues with "
                  ".to(...), and read each with a .from(...) of its own.");
    return {};
  }

  pipelines::OpenStage open_;
};

/// The outputs, of type T, of a stage: a next stage or a queue must take them.
template <Message T, bool maybe_keyed>
class Outputs : public pipelines::ThenCalls<Outputs<T, maybe_keyed>> {
 public:
  Outputs(pipelines::OpenStage open, bool is_keyed, KeyOf key_of = {})
      : open_(std::move(open)), is_keyed_(is_keyed), key_of_(std::move(key_of)) {}

  /// Keys the outputs anew: for the queue in front of the next stage, or for those queues of `.to`
  /// that have no key of their own.
  template <class Field>
  [[nodiscard]] Outputs<T, true> key_by(Field field) const {
    return {open_, true, pipelines::key_of(queue<T>({}).key_by(field))};
  }

  /// Ends the chain: each output goes to every one of `targets`, under the queue's key, else under
  /// that of the input.
  template <Message... Target>
  [[nodiscard]] auto to(const QueueRef<Target>&... targets) const {
    static_assert(sizeof...(Target) > 0, "millrace: .to needs at least one queue.");
    constexpr bool fits = (std::is_same_v<Target, T> && ...);
    static_assert(fits, "millrace: the queue in .to carries another type than the stage returns.");
    if constexpr (!fits) {
      return Miswired();
    } else {
      return Pipeline(open_.closed({keyed(pipelines::stage_target(targets))...}));
    }
  }

  template <std::same_as<PipelineSpec> Spec>
  operator Spec() const {
    static_assert(pipelines::never<Spec>,
                  "millrace: the last stage returns messages that go nowhere: end with "
                  ".to(queue).");
    return {};
  }

 private:
  friend class pipelines::ThenCalls<Outputs>;

  template <class Handler, pipelines::Place place, class... From>
  [[nodiscard]] auto add(const std::string& name, const StageOptions& options,
                         const From&... from) const {
    const auto between = keyed(pipelines::stage_target(queue<T>(open_.pipeline.name + "." + name)));
    return Arrivals<T, maybe_keyed>(open_.closed({between}), between.queue, is_keyed_)
        .template add<Handler, place>(name, options, from...);
  }

  [[nodiscard]] pipelines::StageTarget keyed(pipelines::StageTarget target) const {
    if (!target.queue.key_of) target.queue.key_of = key_of_;
    return target;
  }

  pipelines::OpenStage open_;
  bool is_keyed_;
  KeyOf key_of_;
};

/// Messages of type T that wait in a queue for a stage.
template <Message T, bool maybe_keyed>
class Arrivals : public pipelines::ThenCalls<Arrivals<T, maybe_keyed>> {
 public:
  Arrivals(PipelineSpec pipeline, QueueSpec source, bool is_keyed)
      : pipeline_(std::move(pipeline)), source_(std::move(source)), is_keyed_(is_keyed) {}

  /// The key of the queue, for the senders and the stages that write to it without naming one.
  template <class Field>
  [[nodiscard]] Arrivals<T, true> key_by(Field field) const {
    QueueSpec source = source_;
    source.key_of = pipelines::key_of(queue<T>({}).key_by(field));
    return {pipeline_, std::move(source), true};
  }

 private:
  friend class pipelines::ThenCalls<Arrivals>;
  template <Message, bool>
  friend class Outputs;

  template <class Handler, pipelines::Place place, class... From>
  [[nodiscard]] auto add(const std::string& name, const StageOptions& options,
                         const From&... from) const {
    if constexpr (!pipelines::check_handler<Handler, T, maybe_keyed, place>() ||
                  !pipelines::check_origin<Handler, From...>()) {
      return Miswired();
    } else {
      using Shape = pipelines::HandlerShape<Handler>;
      pipelines::OpenStage open{.pipeline = pipeline_,
                                .stage = {.name = name,
                                          .source = source_,
                                          .options = options,
                                          .is_batch = Shape::is_batch,
                                          .is_keyed = is_keyed_,
                                          .keeps_state = Shape::is_keyed},
                                .make = pipelines::stage_maker<Handler>(from...)};
      if constexpr (Shape::returns == pipelines::Returns::nothing) {
        return Pipeline(open.closed({}));
      } else if constexpr (Shape::returns == pipelines::Returns::routed) {
        return RoutedOutputs(std::move(open));
      } else {
        return Outputs<typename Shape::Output, maybe_keyed>(std::move(open), is_keyed_);
      }
    }
  }

  PipelineSpec pipeline_;
  QueueSpec source_;
  bool is_keyed_;
};

}  // namespace millrace
