// made_by(): a handler that each worker makes by a function of the program, and destroys at its end.
//
//     .then("charge", made_by([&settings] { return Charge(Bank::connect(settings.bank)); }))
#pragma once

#include <type_traits>
#include <utility>

namespace millrace {

namespace pipelines {

template <class Make>
concept MakesHandler =
    std::is_invocable_v<const Make&> && !std::is_void_v<std::invoke_result_t<const Make&>>;

/// In place of a handler, after a compile error: accepted without another one.
struct NoHandler {};

}  // namespace pipelines

/// Makes handlers. Copied with the pipeline; `Make` is called as const, by several threads at once.
template <class Make>
class MadeBy {
 public:
  using Handler = std::invoke_result_t<const Make&>;

  explicit MadeBy(Make make) : make_(std::move(make)) {}

  [[nodiscard]] Handler operator()() const { return make_(); }

 private:
  Make make_;
};

/// Returns what `.then` and `.then_batch` take in place of a handler: each worker has a handler of its own
/// that `make` returned. The handler needs neither a copy nor a move: it may own a connection, a file or a
/// thread.
///
/// `make` is called when a worker starts: with the node, and when the node gets its first shard of the
/// stage's queue. If it throws, the node logs that, no message is handled by that worker, and it is tried
/// again after 100 ms; the delay doubles up to 30 s. The handler is destroyed when its worker ends, after
/// its last call has returned: at a stop, when the last shard has moved away, or when a handler that did not
/// return was replaced and returns after all. Its destructor must not throw. A process that is killed
/// destroys nothing.
template <class Make>
[[nodiscard]] auto made_by(Make make) {
  constexpr bool makes = pipelines::MakesHandler<Make>;
  static_assert(makes,
                "millrace: made_by takes a function without arguments that returns a handler.");
  if constexpr (makes) {
    return MadeBy<Make>(std::move(make));
  } else {
    return pipelines::NoHandler();
  }
}

namespace pipelines {

template <class T>
inline constexpr bool is_made_by = false;
template <class Make>
inline constexpr bool is_made_by<MadeBy<Make>> = true;

/// The handler of one worker: default-constructed, a copy of `from`, or what it makes.
template <class Handler>
[[nodiscard]] Handler new_handler() {
  return Handler();
}
template <class Handler, class From>
[[nodiscard]] Handler new_handler(const From& from) {
  if constexpr (is_made_by<From>) {
    return from();
  } else {
    return Handler(from);
  }
}

}  // namespace pipelines
}  // namespace millrace
