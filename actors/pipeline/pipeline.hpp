// pipeline("name"): composes queues and handlers into a typed pipeline.
//
//     struct Validate {                                    // a handler: one call operator
//       std::optional<OrderPlaced> operator()(const OrderPlaced& order) const;
//     };
//
//     const auto placed  = queue<OrderPlaced>("orders.placed").key_by(&OrderPlaced::customer_id);
//     const auto shipped = queue<OrderShipped>("orders.shipped");
//
//     const Pipeline orders =
//         pipeline("orders")
//             .from(placed)
//             .then<Validate>("validate", {.workers = 2})  // each worker makes a Validate
//             .then("reserve", Reserve{warehouse})         // each worker copies the Reserve
//             .then_batch<Score>("score", {.batch = {.max = 32, .window = 5ms}})
//             .to(shipped);
//
// Every stage has a name: it names the stage's metrics, its configuration, and, after another
// stage, the queue in front of it. "reserve" above reads the queue "orders.reserve". A message in
// that queue has the key of the input it was made from, unless `.key_by(...)` stands before
// `.then`.
//
// A handler is an object with exactly one call operator, not a template, or a function. In, Out and
// S are generated Protobuf messages.
//
//   it takes                                | in          | and receives
//   ----------------------------------------+-------------+----------------------------------------
//   (const In&)                             | .then       | the message
//   (const In&, const Context&)             | .then       | the message and facts of its delivery
//   (const In&, Keyed<S>&)                  | .then       | the message and the state of its key
//   (const In&, Keyed<S>&, const Context&)  | .then       | all three
//   (Batch<In>)                             | .then_batch | messages with contexts, no key twice
//   (Batch<In, S>)                          | .then_batch | the same, with the state of each key
//
// Keyed<S, In>& instead of Keyed<S>& lets the compiler check the type of timers.
//
//   it returns           | messages sent on                         | the input is
//   ---------------------+------------------------------------------+------------------------------
//   void                 | none: the stage is a sink                | acked
//   Out                  | one                                      | acked
//   std::optional<Out>   | one or none: the stage is a filter       | acked
//   std::vector<Out>     | any number, in order                     | acked
//   Outcome<Out>         | any number                               | acked, retried or rejected
//   Outcome<void>        | none: the stage is a sink                | acked, retried or rejected
//   Routed               | any number, each to a queue it names     | acked
//   Outcome<Routed>      | any number, each to a queue it names     | acked, retried or rejected
//   Pending<Out>         | those of an Outcome<Out> that comes later; also Pending<Routed> and
//                        | Pending<void>. No thread is held meanwhile: actors/stage/pending.hpp
//   (throws)             | none                                     | failed: retried, with what()
//
// A stage may also run in other processes, in any language: `.then_external<Out>("name")`. A chain that
// ends with `.then_answer("name")` replies to the program that asked: Runtime::asker().
//
// A batch handler returns void, or a std::vector with one of the types above for each message, in
// order. If a batch handler throws, or returns another number of results, every message of the
// batch has failed.
//
//   the input is | outputs, changes of state, timers     | what happens to the input
//   -------------+---------------------------------------+----------------------------------------
//   acked        | durable in one record with the ack    | leaves the queue
//   retried      | discarded                             | is redelivered after a delay, up to
//   or failed    |                                       | retry.attempts failures, if named; then dead letter.
//                |                                       | Retry::later() is no failure
//   rejected     | discarded                             | becomes a dead letter at once
//
// A handler may run more than once for a message; the effects above are recorded once. A call to
// the outside world can be repeated: give it Context::call_id as its idempotency key.
//
// Threads: each worker has a handler of its own, called by one thread at a time. Its members need
// no lock; objects that several handlers refer to do, and must outlive the node. Of an async handler,
// which returns Pending, up to `in_progress` handlings wait at a time for each worker.
//
// Builders are values: a call changes nothing in the object it is called on and returns a new
// builder, so one builder may be used twice. Every builder copies the handlers it contains.
//
// Errors: a wiring that the types exclude does not compile, with one sentence that begins
// "millrace:". validate() finds the rest, and a node with such a pipeline does not start.
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

/// A pipeline whose chains are complete: a node, a PipelineTest or validate() takes it. At most one
/// stage of all pipelines of a node may read a queue.
class Pipeline : public PipelineSpec, public pipelines::ThenCalls<Pipeline> {
 public:
  explicit Pipeline(PipelineSpec spec) : PipelineSpec(std::move(spec)) {}

  /// Begins another chain, which reads `source`. May be called any number of times.
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
  template <class Out>
  Miswired add_external(const std::string& /*name*/, const StageOptions& /*options*/) const {
    return nothing_arrives<Out>();
  }
  template <class Name>
  Miswired add_answer(const Name& /*name*/, const StageOptions& /*options*/) const {
    return nothing_arrives<Name>();
  }

  template <class... Anything>
  static Miswired nothing_arrives() {
    static_assert(pipelines::never<Anything...>,
                  "millrace: nothing arrives here: a chain begins with .from(queue), and ends with "
                  ".to(queue) or with a stage that returns nothing.");
    return {};
  }
};

/// Begins a pipeline without stages. `name`: 1 to 100 characters of [a-z0-9._-], unique in a node;
/// validate() checks it.
[[nodiscard]] inline Pipeline pipeline(std::string name) {
  return Pipeline(PipelineSpec{.name = std::move(name)});
}

/// The outputs of a stage that returns Routed. Only `.to` may follow.
class RoutedOutputs : public pipelines::ThenCalls<RoutedOutputs> {
 public:
  explicit RoutedOutputs(pipelines::OpenStage open) : open_(std::move(open)) {}

  /// Declares the queues that the handler may name, each once, and ends the chain. A handling that
  /// names another queue, or a queue of another message type, has failed: nothing of it is sent.
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
  template <class Out>
  Miswired add_external(const std::string& /*name*/, const StageOptions& /*options*/) const {
    return not_closed<Out>();
  }
  template <class Name>
  Miswired add_answer(const Name& /*name*/, const StageOptions& /*options*/) const {
    return not_closed<Name>();
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

/// The outputs, of type T, of a stage. `.then`, `.then_batch` or `.to` must follow.
template <Message T, bool maybe_keyed>
class Outputs : public pipelines::ThenCalls<Outputs<T, maybe_keyed>> {
 public:
  Outputs(pipelines::OpenStage open, bool is_keyed, KeyOf key_of = {})
      : open_(std::move(open)), is_keyed_(is_keyed), key_of_(std::move(key_of)) {}

  /// Gives the outputs a new key: in the queue in front of the next stage, or in those queues of
  /// `.to` that have no key of their own. `field` as in QueueRef::key_by.
  template <class Field>
  [[nodiscard]] Outputs<T, true> key_by(Field field) const {
    return {open_, true, pipelines::key_of(queue<T>({}).key_by(field))};
  }

  /// Ends the chain. Each output goes to every one of `targets`, each target once. Its key there is
  /// that of the target, else that of `.key_by` before `.to`, else the key of the input.
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
    return arrivals_of(name).template add<Handler, place>(name, options, from...);
  }
  template <class Out>
  [[nodiscard]] auto add_external(const std::string& name, const StageOptions& options) const {
    return arrivals_of(name).template add_external<Out>(name, options);
  }
  [[nodiscard]] Pipeline add_answer(const std::string& name, const StageOptions& options) const {
    return arrivals_of(name).add_answer(name, options);
  }

  /// At the stage `name`, which follows.
  [[nodiscard]] Arrivals<T, maybe_keyed> arrivals_of(const std::string& name) const {
    const auto between = keyed(pipelines::stage_target(queue<T>(open_.pipeline.name + "." + name)));
    return {open_.closed({between}), between.queue, is_keyed_};
  }

  [[nodiscard]] pipelines::StageTarget keyed(pipelines::StageTarget target) const {
    if (!target.queue.key_of) target.queue.key_of = key_of_;
    return target;
  }

  pipelines::OpenStage open_;
  bool is_keyed_;
  KeyOf key_of_;
};

/// A queue of T that has no stage yet. `.then` or `.then_batch` must follow. `maybe_keyed` is false
/// if the queue certainly has no key; then a handler with Keyed<S> does not compile.
template <Message T, bool maybe_keyed>
class Arrivals : public pipelines::ThenCalls<Arrivals<T, maybe_keyed>> {
 public:
  Arrivals(PipelineSpec pipeline, QueueSpec source, bool is_keyed)
      : pipeline_(std::move(pipeline)), source_(std::move(source)), is_keyed_(is_keyed) {}

  /// Sets the key of the queue. Every stage that writes to the queue must name it with a key;
  /// validate() checks that.
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
      pipelines::OpenStage open(pipeline_, name, source_, options);
      open.stage.is_batch = Shape::is_batch;
      open.stage.is_keyed = is_keyed_;
      open.stage.keeps_state = Shape::is_keyed;
      open.stage.state_type = pipelines::state_type<Handler>();
      pipelines::set_maker<Handler>(open, from...);
      if constexpr (Shape::returns == pipelines::Returns::nothing) {
        return Pipeline(open.closed({}));
      } else if constexpr (Shape::returns == pipelines::Returns::routed) {
        return RoutedOutputs(std::move(open));
      } else {
        return Outputs<typename Shape::Output, maybe_keyed>(std::move(open), is_keyed_);
      }
    }
  }

  template <class Out>
  [[nodiscard]] auto add_external(const std::string& name, const StageOptions& options) const {
    pipelines::OpenStage open(pipeline_, name, source_, options);
    open.stage.is_keyed = is_keyed_;
    open.stage.keeps_state = is_keyed_;
    if (is_keyed_) open.stage.state_type = external_state_type;
    open.stage.is_external = true;
    if constexpr (std::is_void_v<Out>) {
      return Pipeline(open.closed({}));
    } else {
      return Outputs<Out, maybe_keyed>(std::move(open), is_keyed_);
    }
  }

  [[nodiscard]] Pipeline add_answer(const std::string& name, const StageOptions& options) const {
    PipelineSpec extended = pipeline_;
    extended.stages.push_back({.name = name,
                               .source = source_,
                               .options = options,
                               .is_keyed = is_keyed_,
                               .is_answer = true});
    return Pipeline(std::move(extended));
  }

  PipelineSpec pipeline_;
  QueueSpec source_;
  bool is_keyed_;
};

}  // namespace millrace
