// Handles of actors, and the operations on them for code that is not an actor: tell, ask, end and
// watch. Cores and plain rooms never see this header, because it includes CAF.
//
// `Handle` below is AnyActor or a CAF typed handle, such as queues::QueueHandle. A typed handle
// rejects at compile time a message that its actor does not handle. Every function may be called
// from any thread, concurrently for one handle. An empty handle behaves as an actor that has ended.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <caf/all.hpp>

#include "messages/result.hpp"

namespace millrace {

/// Owns the scheduler's threads. REQUIRES: outlives every handle and actor that was made with it.
using ActorSystem = caf::actor_system;

/// Refers to one actor and keeps it in memory, or is empty. Accepts any message type at compile
/// time; an actor that has no handler for the message reports an error at run time.
using AnyActor = caf::actor;

/// Refers to the sender of a message. Only for answers. Empty: no answer is expected.
using ActorAddress = caf::strong_actor_ptr;

/// Runs `*run` on the thread of the actor that receives the message. Never leaves the process.
/// Actors that handle TaskMessage call `*run` once for each message; `*run` must not throw.
struct TaskMessage {
  std::shared_ptr<std::function<void()>> run;  ///< not null
};

/// Puts `message` into the actor's mailbox and returns without waiting. An actor that has ended
/// drops the message.
template <class Handle, class Message>
void tell(const Handle& actor, Message message) {
  caf::anon_send(actor, std::move(message));
}

/// As tell(), with `sender` as the message's sender, so that the answer goes to `sender`.
template <class Handle, class Message>
void tell_as(const AnyActor& sender, const Handle& actor, Message message) {
  caf::send_as(sender, actor, std::move(message));
}

[[nodiscard]] inline ActorAddress address_of(const AnyActor& actor) {
  return caf::actor_cast<ActorAddress>(actor);
}

/// Asks the actor to end, behind the messages that are already in its mailbox. Does not wait.
/// Calling it again has no further effect.
template <class Handle>
void end_actor(const Handle& actor) {
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
}

/// Calls `failed` once when the actor ends other than by end_actor() or normally; at once if it has
/// already ended so. `failed` runs on the thread that ends the actor and must not throw or block.
/// REQUIRES: `actor` is not empty.
template <class Handle>
void watch_actor(const Handle& actor, std::function<void()> failed) {
  actor->attach_functor([failed = std::move(failed)](const caf::error& reason) {
    if (reason && reason != caf::exit_reason::user_shutdown) failed();
  });
}

/// Calls `ended` once when the actor ends, for any reason; at once if it has ended. As `failed` of
/// watch_actor().
template <class Handle>
void on_end(const Handle& actor, std::function<void()> ended) {
  actor->attach_functor([ended = std::move(ended)](const caf::error&) { ended(); });
}

/// Sends `message` to all of `actors`, then collects one Reply each, in the order of `actors`.
/// In place of a missing Reply stands `timeout`, or `draining` if the actor has ended. Each actor
/// has `within`, counted from the sending. Blocks the calling thread, which must not run an actor.
template <class Reply, class Handle, class Message>
[[nodiscard]] std::vector<Result<Reply>> ask_all(ActorSystem& system,
                                                 const std::vector<Handle>& actors,
                                                 const Message& message,
                                                 std::chrono::milliseconds within) {
  caf::scoped_actor self(system);
  const auto ask = [&](const Handle& actor) {
    return self->request(actor, within, message);
  };
  std::vector<decltype(ask(actors.front()))> requests;
  requests.reserve(actors.size());
  for (const Handle& actor : actors) requests.push_back(ask(actor));
  std::vector<Result<Reply>> answers;
  answers.reserve(actors.size());
  for (auto& request : requests) {
    request.receive([&](Reply& reply) { answers.emplace_back(std::move(reply)); },
                    [&](const caf::error& reason) {
                      answers.emplace_back(reason == caf::sec::request_timeout
                                               ? Error{ErrorCode::timeout, "no answer in time"}
                                               : Error{ErrorCode::draining, "the actor has ended"});
                    });
  }
  return answers;
}

/// As ask_all(), for one actor.
template <class Reply, class Handle, class Message>
[[nodiscard]] Result<Reply> ask(ActorSystem& system, const Handle& actor, const Message& message,
                                std::chrono::milliseconds within) {
  return std::move(ask_all<Reply>(system, std::vector<Handle>{actor}, message, within).front());
}

}  // namespace millrace
