// ThenCalls: the overloads of .then and .then_batch, a base of every builder class.
#pragma once

#include <concepts>
#include <string>

#include "actors/pipeline/wiring_checks.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/stage_options.hpp"

namespace millrace {
namespace pipelines {

/// Adds `.then` and `.then_batch` to `Derived`. Each calls
/// `Derived::add<Handler, place>(name, options, handler...)`.
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
