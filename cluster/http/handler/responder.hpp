// Responder: how a handler answers a request: at once, or later from any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "cluster/http/handler/byte_budget.hpp"
#include "cluster/http/message/http_message.hpp"

namespace millrace::http {

/// Where an answer goes: to a connection, or to a test. Called from any thread.
class AnswerReceiver {
 public:
  virtual ~AnswerReceiver() = default;
  /// Called at most once.
  virtual void receive(HttpResponse answer) = 0;
};

/// The state of one request, shared by its connection and its responder. Thread-safe.
///
///   queued ──try_start──▶ running ──complete──▶ answered
///      └─────complete / abandon────────▲           abandon: the client is gone; nothing is sent
class PendingAnswer {
 public:
  /// `charge`: for the request's body; released with the answer.
  PendingAnswer(std::unique_ptr<AnswerReceiver> receiver, ByteCharge charge)
      : receiver_(std::move(receiver)), charge_(std::move(charge)) {}

  /// For the thread that is to run the handler: false if nobody waits for the answer any more.
  [[nodiscard]] bool try_start();
  /// Answers with `answer` if the handler was not begun, and never will be; else returns false.
  bool complete_unstarted(HttpResponse answer);
  /// The first answer counts; later ones, and those after abandon(), return false.
  bool complete(HttpResponse answer);
  /// If the time of expect_by() has come: answers with the fallback, and runs the function set by
  /// on_abandoned(), once.
  void expire(SteadyTime now);
  /// The client sends no more, and has perhaps gone: runs the function set by on_abandoned(), once.
  void notify_gone();
  /// The client does not wait any more: nothing is sent to it; runs the function set by
  /// on_abandoned(), once.
  void abandon();

  /// Whether the client waits for an answer.
  [[nodiscard]] bool is_awaited();

  void on_abandoned(std::function<void()> notify);
  void expect_by(SteadyTime at, HttpResponse fallback);
  /// The answer for a handler that never answers.
  void complete_as_forgotten();

 private:
  enum class State : std::uint8_t { queued, running, answered, abandoned };

  [[nodiscard]] bool is_open() const { return state_ == State::queued || state_ == State::running; }

  std::mutex mutex_;
  State state_ = State::queued;
  const std::unique_ptr<AnswerReceiver> receiver_;
  ByteCharge charge_;
  SteadyTime fallback_at_{};
  std::optional<HttpResponse> fallback_{};
  std::function<void()> notify_{};
  bool is_gone_ = false;  ///< the client, or it was answered without the handler
};

/// Copies share one answer. Once the last is destroyed without an answer, the client gets the
/// fallback of expect_by(), else 500. All functions may be called from any thread, also after the
/// server has stopped.
class Responder {
 public:
  explicit Responder(std::shared_ptr<PendingAnswer> pending);

  /// Answers. Returns false, and does nothing, if there was an answer before, or the client is
  /// gone.
  bool complete(HttpResponse answer) const;

  /// `notify` is called when the client has gone away, or has got the fallback, before complete();
  /// at once if that has happened already. A client that has only closed its sending side counts as
  /// gone, though it would still get an answer. At most once, by the server's loop or the caller of
  /// this; it must not block. It may hold no copy of this responder, or the answer is never
  /// forgotten.
  void on_abandoned(std::function<void()> notify) const;

  /// If there is no answer until `at`, the client gets `fallback`.
  void expect_by(SteadyTime at, HttpResponse fallback) const;

 private:
  struct Guard {
    explicit Guard(std::shared_ptr<PendingAnswer> answer) : pending(std::move(answer)) {}
    ~Guard() { pending->complete_as_forgotten(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    const std::shared_ptr<PendingAnswer> pending;
  };
  std::shared_ptr<Guard> guard_;
};

}  // namespace millrace::http
