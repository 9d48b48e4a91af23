// Question: a request whose asker waits for the reply.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "actors/base/time.hpp"
#include "messages/envelope.pb.h"
#include "messages/result.hpp"

namespace millrace::senders {

/// How an asker is told: with the reply, or with the reason why none comes. Called exactly once, on a
/// thread of the runtime. Must not block. What it throws is logged and has no further effect.
using Answered = std::function<void(const Result<std::shared_ptr<const pb::Envelope>>&)>;

/// Thread-safe. The first call of settle() counts. A question whose last copy is destroyed before one is
/// settled with `draining`, because its runtime stops.
class Question {
 public:
  /// `id`: Envelope.reply_to of the request. `answered` is not empty.
  Question(std::string id, SteadyUs until_us, Answered answered)
      : id_(std::move(id)), until_us_(until_us), answered_(std::move(answered)) {}
  ~Question();
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  [[nodiscard]] const std::string& id() const { return id_; }
  /// When the asker waits no longer.
  [[nodiscard]] SteadyUs until_us() const { return until_us_; }

  void settle(const Result<std::shared_ptr<const pb::Envelope>>& result);
  /// The asker learns by other means that there will be no reply: `answered` is not called any more.
  void abandon() { is_settled_ = true; }

 private:
  const std::string id_;
  const SteadyUs until_us_;
  Answered answered_;
  std::atomic<bool> is_settled_ = false;
};

}  // namespace millrace::senders
