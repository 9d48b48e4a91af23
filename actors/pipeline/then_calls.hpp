// ThenCalls: the ways to write .then and .then_batch, once for every class that has them.
#pragma once

#include <concepts>
#include <string>

#include "actors/pipeline/wiring_checks.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/stage_options.hpp"

namespace millrace {
namespace pipelines {

/// Gives `Derived` its `.then` and `.then_batch`, which end in
/// `Derived::add<Handler, place>(name, options, handler...)`.
template <class Derived>
class ThenCalls {
 public:
  /// Adds a stage whose workers each make a Handler.
  template <class Handler>
  [[nodiscard]] auto then(const std::string& name, const StageOptions& options = {}) const {
    return self().template add<Handler, Place::then>(name, options);
  }

  /// Adds a stage whose workers each copy `handler`: an object, a lambda or a function.
  // The unnamed value parameter keeps `.then<Handler>(…)` from meaning this one.
  template <auto = 0, class Handler>
  [[nodiscard]] auto then(const std::string& name, Handler handler,
                          const StageOptions& options = {}) const {
    return self().template add<Handler, Place::then>(name, options, handler);
  }

  /// The same for a handler of a Batch; `options.batch` says how it is gathered.
  template <class Handler>
  [[nodiscard]] auto then_batch(const std::string& name, const StageOptions& options = {}) const {
    return self().template add<Handler, Place::then_batch>(name, options);
  }
  template <auto = 0, class Handler>
  [[nodiscard]] auto then_batch(const std::string& name, Handler handler,
                                const StageOptions& options = {}) const {
    return self().template add<Handler, Place::then_batch>(name, options, handler);
  }

  // Without a name: only to say so.
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

/// What a wrong wiring leaves behind, after its sentence: takes every further call in silence, so
/// that the compiler has nothing more to say.
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
