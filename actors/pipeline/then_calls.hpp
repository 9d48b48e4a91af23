// ThenCalls: the overloads of .then and .then_batch, a base of every builder class.
#pragma once

#include <concepts>
#include <string>
#include <type_traits>

#include "actors/pipeline/wiring_checks.hpp"
#include "actors/stage/made_by.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/stage_options.hpp"

namespace millrace {
namespace pipelines {

/// Adds `.then`, `.then_batch`, `.then_external` and `.then_answer` to `Derived`. They call
/// `Derived::add<Handler, place>(name, options, handler...)`, `Derived::add_external<Out>(name, options)`
/// and `Derived::add_answer(name, options)`.
template <class Derived>
class ThenCalls {
 public:
  /// Appends a stage; each worker default-constructs a Handler. `name`: 1 to 100 characters of
  /// [a-z0-9._-], unique in the pipeline.
  template <class Handler>
  [[nodiscard]] auto then(const std::string& name, const StageOptions& options = {}) const {
    return self().template add<Handler, Place::then>(name, options);
  }

  /// Appends a stage; each worker copies `handler`: an object, a lambda or a function.
  // The unnamed value parameter keeps `.then<Handler>(...)` from selecting this overload.
  template <auto = 0, class Handler>
  [[nodiscard]] auto then(const std::string& name, Handler handler,
                          const StageOptions& options = {}) const {
    return self().template add<Handler, Place::then>(name, options, handler);
  }

  /// Appends a stage; each worker makes its handler by `make`.
  template <auto = 0, class Make>
  [[nodiscard]] auto then(const std::string& name, MadeBy<Make> make,
                          const StageOptions& options = {}) const {
    return self().template add<typename MadeBy<Make>::Handler, Place::then>(name, options, make);
  }

  /// Append a stage as `.then` does; its handler takes a Batch, which `options.batch` bounds.
  template <class Handler>
  [[nodiscard]] auto then_batch(const std::string& name, const StageOptions& options = {}) const {
    return self().template add<Handler, Place::then_batch>(name, options);
  }
  template <auto = 0, class Handler>
  [[nodiscard]] auto then_batch(const std::string& name, Handler handler,
                                const StageOptions& options = {}) const {
    return self().template add<Handler, Place::then_batch>(name, options, handler);
  }
  template <auto = 0, class Make>
  [[nodiscard]] auto then_batch(const std::string& name, MadeBy<Make> make,
                                const StageOptions& options = {}) const {
    return self().template add<typename MadeBy<Make>::Handler, Place::then_batch>(name, options,
                                                                                  make);
  }

  /// Appends a stage whose handlers run in other processes, which ask a node for its messages over
  /// HTTP (docs/http.md). `Out`: what it returns; void: nothing. The state of a key is JSON.
  template <class Out = void>
  [[nodiscard]] auto then_external(const std::string& name,
                                   const StageOptions& options = {}) const {
    static_assert(std::is_void_v<Out> || Message<Out>,
                  "millrace: .then_external<Out> takes a generated Protobuf message, or void.");
    return self().template add_external<Out>(name, options);
  }

  /// Ends the chain: gives each message to the program that asked for it, if it still waits. The queue
  /// in front of the stage is a reply queue: what a stage writes there for a request comes to a shard
  /// of the asker's node, under a key of its own. See Runtime::asker().
  [[nodiscard]] auto then_answer(const std::string& name, const StageOptions& options = {}) const {
    return self().add_answer(name, options);
  }

  // A stage without name: compile errors.
  template <class Handler>
  [[nodiscard]] auto then(const StageOptions& /*options*/ = {}) const {
    return nameless<Handler>();
  }
  template <auto = 0, class Handler>
  [[nodiscard]] auto then(const Handler& /*handler*/, const StageOptions& /*options*/ = {}) const {
    return nameless<Handler>();
  }
  template <class Handler>
  [[nodiscard]] auto then_batch(const StageOptions& /*options*/ = {}) const {
    return nameless<Handler>();
  }
  template <auto = 0, class Handler>
  [[nodiscard]] auto then_batch(const Handler& /*handler*/,
                                const StageOptions& /*options*/ = {}) const {
    return nameless<Handler>();
  }

 private:
  [[nodiscard]] const Derived& self() const { return static_cast<const Derived&>(*this); }

  template <class Handler>
  static auto nameless();
};

}  // namespace pipelines

/// The result of a call that failed a static_assert. Accepts every further call, so that the
/// sentence of the static_assert is the only error that the compiler prints.
class Miswired : public pipelines::ThenCalls<Miswired> {
 public:
  template <class... Field>
  Miswired key_by(const Field&... /*field*/) const {
    return {};
  }
  template <class... Targets>
  Miswired to(const Targets&... /*targets*/) const {
    return {};
  }
  template <class Source>
  Miswired from(const Source& /*source*/) const {
    return {};
  }
  operator PipelineSpec() const { return {}; }

 private:
  friend class pipelines::ThenCalls<Miswired>;

  template <class Handler, pipelines::Place place, class... From>
  Miswired add(const std::string& /*name*/, const StageOptions& /*options*/,
               const From&... /*from*/) const {
    return {};
  }
  template <class Out>
  Miswired add_external(const std::string& /*name*/, const StageOptions& /*options*/) const {
    return {};
  }
  Miswired add_answer(const std::string& /*name*/, const StageOptions& /*options*/) const {
    return {};
  }
};

template <class Derived>
template <class Handler>
auto pipelines::ThenCalls<Derived>::nameless() {
  static_assert(
      never<Handler>,
      "millrace: a stage needs a name: .then<Handler>(name, ...) or .then(name, handler, ...).");
  return Miswired();
}

}  // namespace millrace
