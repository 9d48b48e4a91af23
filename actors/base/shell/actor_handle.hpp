// What code that is no actor can do with actors: tell, ask, end and watch them. `Handle` is an
// AnyActor or a typed handle; a typed one takes at compile time only what its actor takes. An empty
// one is as an actor that has ended. All of it is thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include <caf/all.hpp>

#include "actors/base/shell/any_actor.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Does not wait. What is told to an actor that has ended is dropped.
template <class Handle, class Message>
void tell(const Handle& actor, Message message) {
  caf::anon_send(actor, std::move(message));
}

/// Likewise; the actor sees `sender` as where it comes from.
template <class Handle, class Message>
void tell_as(const AnyActor& sender, const Handle& actor, Message message) {
  caf::send_as(sender, actor, std::move(message));
}

[[nodiscard]] inline ActorAddress address_of(const AnyActor& actor) {
  return caf::actor_cast<ActorAddress>(actor);
}

/// Has it end when it comes to that: what it was told before comes first.
template <class Handle>
void end_actor(const Handle& actor) {
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
}

/// `failed` is called, on some thread, when the actor ends though end_actor() was not called. Not
/// for an empty handle.
template <class Handle>
void watch_actor(const Handle& actor, std::function<void()> failed) {
  actor->attach_functor([failed = std::move(failed)](const caf::error& reason) {
    if (reason != caf::exit_reason::user_shutdown) failed();
  });
}

/// Asks all of `actors`, then waits for their answers, in that order: at most `within` from now.
/// In the place of a Reply that did not come is `timeout`, or `draining` where the actor had ended.
/// For a thread that is no actor's.
template <class Reply, class Handle, class Message>
[[nodiscard]] std::vector<Result<Reply>> ask_all(ActorSystem& system,
                                                 const std::vector<Handle>& actors,
                                                 const Message& message,
                                                 std::chrono::milliseconds within) {
  caf::scoped_actor self(system);
  const auto ask = [&](const Handle& actor) {
    return self->request(actor, within, message);
  };
  std::vector<decltype(ask(actors.front()))> asked;
  asked.reserve(actors.size());
  for (const Handle& actor : actors) asked.push_back(ask(actor));
  std::vector<Result<Reply>> answers;
  answers.reserve(actors.size());
  for (auto& answer : asked) {
    answer.receive([&](Reply& reply) { answers.emplace_back(std::move(reply)); },
                   [&](const caf::error& reason) {
                     answers.emplace_back(reason == caf::sec::request_timeout
                                              ? Error{ErrorCode::timeout, "no answer in time"}
                                              : Error{ErrorCode::draining, "the actor has ended"});
                   });
  }
  return answers;
}

/// Asks one: see ask_all().
template <class Reply, class Handle, class Message>
[[nodiscard]] Result<Reply> ask(ActorSystem& system, const Handle& actor, const Message& message,
                                std::chrono::milliseconds within) {
  return std::move(ask_all<Reply>(system, std::vector<Handle>{actor}, message, within).front());
}

}  // namespace millrace
