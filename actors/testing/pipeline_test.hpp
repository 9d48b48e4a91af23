// PipelineTest: runs pipelines in a unit test: the actors of a node in the calling thread, on a
// virtual clock and a log in memory, without sockets and disk. The same seed gives the same run.
//
//     PipelineTest test({orders});
//     test.send(placed, order);
//     test.run();                                   // until nothing can happen without time
//     EXPECT_EQ(test.peek(shipped).size(), 1u);
//
//     test.crash();                                 // only the log survives
//     test.advance(1min);                           // retries and timers that fall due
//     EXPECT_EQ(test.peek(shipped).size(), 1u);     // nothing lost, nothing twice
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "actors/assembly/stage_counts.hpp"
#include "actors/operate/operation.hpp"
#include "actors/queue/state/ledger.hpp"
#include "actors/queue/state/limits.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/queue_ref.hpp"
#include "actors/stage/routed.hpp"
#include "actors/store/durable_view.hpp"
#include "messages/result.hpp"

namespace millrace {

struct PipelineTestOptions {
  std::uint32_t shards = 1;  ///< 1 or more
  std::uint64_t seed = 0;   ///< orders simultaneous events; 0: in the order in which they were sent
  queues::Limits limits{};  ///< of each queue; the options of its stage take precedence
};

/// A node with its pipelines. One thread. send, peek, messages, state, keys and ledger throw
/// std::invalid_argument if no pipeline declares the queue; redrive, drop and purge return an error.
class PipelineTest {
 public:
  /// Starts the node. Throws std::invalid_argument with the text of validate() if it fails.
  explicit PipelineTest(std::vector<PipelineSpec> pipelines, PipelineTestOptions options = {});
  ~PipelineTest();
  PipelineTest(const PipelineTest&) = delete;
  PipelineTest& operator=(const PipelineTest&) = delete;

  /// Offers `message` to `target`. It is durable once run() has returned. Throws what the key
  /// function of `target` throws.
  template <Message T>
  void send(const QueueRef<T>& target, const T& message, MessageOptions options = {}) {
    send(target.name(), wire::type_name<T>(), target.key_of(message), wire::serialize(message),
         std::move(options));
  }

  /// As Asker::ask(): offers `request`, and waits for its reply in `replies`, as calls of run() and
  /// advance() allow. The future becomes ready within one of them: with the reply, or with an error, as
  /// that of Asker::ask(); with `draining` by crash(). Throws std::invalid_argument if no
  /// `.then_answer` stage reads `replies`.
  template <Message Request, Message Reply>
  [[nodiscard]] std::future<Result<Reply>> ask(
      const QueueRef<Request>& requests, const QueueRef<Reply>& replies, const Request& request,
      std::chrono::milliseconds deadline = std::chrono::seconds(30)) {
    const auto promise = std::make_shared<std::promise<Result<Reply>>>();
    ask(requests.name(), wire::type_name<Request>(), requests.key_of(request),
        wire::serialize(request), {replies.name(), wire::type_name<Reply>()}, deadline,
        [promise](const Result<std::string>& payload) {
          if (!payload) return promise->set_value(payload.error());
          Reply reply;
          std::string why;
          if (wire::parse(*payload, reply, why)) return promise->set_value(std::move(reply));
          promise->set_value(Error{ErrorCode::invalid_argument, "the reply is " + why});
        });
    return promise->get_future();
  }

  /// Runs actors, handlers and commits until nothing more can happen at this time. Does not return
  /// if a cycle of stages sends messages for ever.
  void run();

  /// Runs at most `steps` steps: one message of one actor, or one commit, each. Use it to crash
  /// between two steps.
  void run_steps(std::uint64_t steps);

  /// Advances the clock by `span`, a millisecond at a time, with run() after each. A handler may
  /// call it, to take that long while other actors run.
  void advance(std::chrono::milliseconds span);

  /// Sets the wall clock forwards, or back if `by` is negative. No time passes.
  void set_clock(std::chrono::microseconds by);

  /// Stops the node without what is not yet in the log, and starts it again from the log. Messages
  /// that were sent and not confirmed are offered again. Must not be called by a handler: it
  /// ends the handler's actor.
  void crash();

  /// For a handler: ends the process at this moment, as a fault of the handler would. Nothing that
  /// happens after it is durable; the node starts again with the next step, after the worker has
  /// reported.
  void end_process();

  /// Returns the durable live messages of a queue, in order within each shard, shard after shard.
  /// Changes nothing.
  template <Message T>
  [[nodiscard]] std::vector<T> peek(const QueueRef<T>& target) {
    std::vector<T> out;
    for (const MessageView& message : messages(target.name())) {
      std::string why;
      if (wire::parse(message.envelope.payload(), out.emplace_back(), why)) continue;
      throw std::invalid_argument(target.name() + ": a message is " + why);
    }
    return out;
  }

  /// As peek, with envelope, sequence number and failures; for any queue, also of dead letters.
  [[nodiscard]] std::vector<MessageView> messages(const std::string& queue);

  // As the functions of Runtime with these names, with the same failures; blocks until done.
  Result<Removed> redrive(const std::string& dead_letter_queue, MessageFilter filter = {},
                          std::uint64_t max = no_maximum);
  Result<Removed> drop(const std::string& queue, MessageFilter filter = {},
                       std::uint64_t max = no_maximum);
  Result<Removed> purge(const std::string& queue) { return drop(queue); }

  /// Returns the durable value of `key` at the stage that reads `queue`; nullopt if it has none, as
  /// Keyed::exists() says. A value whose fields are all default is a value.
  template <Message S>
  [[nodiscard]] std::optional<S> state(const std::string& queue, const std::string& key) {
    for (const KeyView& view : keys(queue)) {
      if (view.key != key || !view.has_value) continue;
      S state;
      std::string why;
      if (wire::parse(view.value, state, why)) return state;
      throw std::invalid_argument(queue + ": the state of " + key + " is " + why);
    }
    return std::nullopt;
  }

  /// Returns values and histories of all keys of the stage that reads `queue`, all shards.
  [[nodiscard]] std::vector<KeyView> keys(const std::string& queue);

  /// Returns the ledger of `queue`, summed over its shards.
  [[nodiscard]] queues::Ledger ledger(const std::string& queue);

  /// Returns counts of the results of each stage since the node started, in the order of the
  /// pipelines.
  [[nodiscard]] std::vector<StageCounts> stage_counts() const;

  /// Virtual time since the constructor returned.
  [[nodiscard]] std::chrono::microseconds now() const;

 private:
  class Parts;
  Result<Removed> operate(const std::string& queue, Operation operation);
  void send(const std::string& queue, const std::string& type, std::string key, std::string payload,
            MessageOptions options, std::string reply_to = {});
  void ask(const std::string& queue, const std::string& type, std::string key, std::string payload,
           const QueueSpec& replies, std::chrono::milliseconds deadline,
           std::function<void(const Result<std::string>&)> answered);

  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace
