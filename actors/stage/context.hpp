// Context: the facts of the delivery that a handler works on, its lease, and ids for outside calls.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "actors/base/time.hpp"
#include "actors/stage/headers.hpp"
#include "messages/envelope.pb.h"
#include "messages/hash.hpp"

namespace millrace {

/// The lease under which a handler runs; implemented by the receiver. Not thrown from.
class LeaseControl {
 public:
  virtual ~LeaseControl() = default;
  [[nodiscard]] virtual SteadyUs now_us() const = 0;          ///< any thread
  [[nodiscard]] virtual SteadyUs lease_until_us() const = 0;  ///< any thread
  /// See Context::extend. The handler's thread.
  virtual void extend(DurationUs by_us) = 0;
};

/// One delivery of one message. A handler gets a reference that is valid until the handler returns.
class Context {
 public:
  struct Facts {
    MessageId id{};              ///< of the message; the same in every delivery
    std::string_view key{};      ///< of the message; empty: none
    std::uint64_t sequence = 0;  ///< position in the queue of its shard, from 1
    std::uint32_t failed = 0;    ///< failures before this delivery
    std::uint32_t acquired = 1;  ///< leases so far, this one included; > failed
    TimeUs now_us = 0;           ///< when this delivery began
    SteadyUs steady_us = 0;      ///< the same, in steady time
    TimeUs born_at_us = 0;       ///< when the message from outside that led to this one was offered
    TimeUs expires_at_us = 0;    ///< deadline of the message; 0: none
    SteadyUs lease_until_us = 0;  ///< end of the lease when the delivery began; see extend()
    int priority = 4;             ///< 0 (last) to 9 (first)
    /// Why the message was given up, and its history; null unless it comes from a dead letter
    /// queue.
    const pb::DeadLetter* dead_letter = nullptr;
    /// Of the message; null: none.
    const google::protobuf::RepeatedPtrField<pb::Header>* headers = nullptr;
  };

  /// `stage`, the views in `facts` and `control` must outlive the context. `control` null: the
  /// lease never ends.
  Context(Facts facts, std::string_view stage, LeaseControl* control = nullptr)
      : facts_(facts), stage_(stage), control_(control) {}

  [[nodiscard]] const Facts& facts() const { return facts_; }
  [[nodiscard]] TimeUs now_us() const { return facts_.now_us; }

  /// The value of a header of the message, as long as the context; nullopt: it has none of this name.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  /// All headers of the message.
  [[nodiscard]] Headers headers() const;

  /// Returns whether the lease has ended: then the outcome will be refused and the message is
  /// redelivered, so the handler may as well return. Any thread, until the handler returns.
  [[nodiscard]] bool is_cancelled() const {
    return control_ != nullptr && control_->now_us() > control_->lease_until_us();
  }

  /// Extends the lease to at least now + `by`; never shortens it. Does nothing once the lease has
  /// ended. Call it as often as needed. Messages of one key may share a lease. Handler's thread.
  void extend(std::chrono::microseconds by) const {
    if (control_ != nullptr) control_->extend(to_us(by));
  }

  /// For the runtime: returns whether the next message of a run may begin: the messages before it
  /// took less than a quarter of the lease.
  [[nodiscard]] bool has_time() const {
    if (control_ == nullptr) return true;
    return (control_->now_us() - facts_.steady_us) * 4 < facts_.lease_until_us - facts_.steady_us;
  }

  /// Returns an id of 32 hexadecimal digits for the `index`-th call of this handling to an outside
  /// system: an idempotency key, equal in every delivery of the message to this stage.
  [[nodiscard]] std::string call_id(std::uint32_t index = 0) const;

 private:
  Facts facts_;
  std::string_view stage_;
  LeaseControl* control_;
};

}  // namespace millrace
