// Connector: finds the primary among the hosts of a DSN, and a session on it that promises what a log
// needs.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "actors/postgres_log/session/dsn.hpp"
#include "actors/postgres_log/session/interrupt.hpp"
#include "actors/postgres_log/session/session.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// Any thread may call any function.
class Connector {
 public:
  /// A statement that waits for longer than `patience` ends if another host is the primary by then.
  Connector(Dsn dsn, bool allow_unreplicated, std::chrono::milliseconds connect_timeout,
            std::chrono::milliseconds patience)
      : dsn_(std::move(dsn)),
        allow_unreplicated_(allow_unreplicated),
        connect_timeout_(connect_timeout),
        patience_(patience) {}

  /// Tries each host once, beginning with the last one that was good. Fails with the most telling of
  /// the errors: a setting that the server lacks, an unknown user, and only then that none answers. Also
  /// with `draining`. Blocks. REQUIRES: connector and interrupt outlive the session.
  [[nodiscard]] Result<std::unique_ptr<Session>> connect(const Interrupt& interrupt);

  /// Whether nothing will answer what a session waits for: a host leads to a primary other than its
  /// `server` (see Session::server()), with which connect() begins then; or that server says that `backend`
  /// (see Session::backend(); 0: none) is not at work for anybody: its answer was lost. Blocks.
  [[nodiscard]] bool is_in_vain(const std::string& server, std::int32_t backend,
                                const Interrupt& interrupt);

  /// Lets is_in_vain() end what the session waits for, as connect() does.
  void watch(Session& session, const Interrupt& interrupt);

  /// Why the server of `waiting` does not answer that session, if it waits for its standby; empty: it does
  /// not, or cannot be asked. Blocks, for a few seconds at most.
  [[nodiscard]] std::optional<std::string> awaited_standby(const Session& waiting,
                                                           const Interrupt& interrupt);

  /// Checks anew, in a session of connect(), what the server promises. Fails as connect().
  [[nodiscard]] Result<void> check(Session& session);

  /// The host in use is not what it was: connect() begins with the next one.
  void leave_host() { preferred_.fetch_add(1); }

  [[nodiscard]] const Dsn& dsn() const { return dsn_; }
  /// Whether the commits of the last session wait for no standby.
  [[nodiscard]] bool is_unreplicated() const { return is_unreplicated_; }

 private:
  [[nodiscard]] Result<std::unique_ptr<Session>> connect_to(const Host& host,
                                                            const Interrupt& interrupt);
  [[nodiscard]] Result<std::unique_ptr<Session>> connect_to(
      const Host& host, const Interrupt& interrupt, std::chrono::steady_clock::time_point deadline);

  const Dsn dsn_;
  const bool allow_unreplicated_;
  const std::chrono::milliseconds connect_timeout_;
  const std::chrono::milliseconds patience_;
  std::atomic<std::size_t> preferred_ = 0;  ///< index of a host, modulo their number
  std::atomic<bool> is_unreplicated_ = false;
};

/// Waits between attempts: `first`, then twice as long each time, up to `last`.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds last)
      : first_(first), last_(last), next_(first) {}
  /// Blocks. False: the interrupt was raised.
  [[nodiscard]] bool wait(const Interrupt& interrupt);
  void reset() { next_ = first_; }

 private:
  const std::chrono::milliseconds first_;
  const std::chrono::milliseconds last_;
  std::chrono::milliseconds next_;
};

/// Blocks for `duration`, or until the interrupt is raised: then returns false.
[[nodiscard]] bool pause(const Interrupt& interrupt, std::chrono::milliseconds duration);

}  // namespace millrace::postgres_log
