// AsyncRun: the messages of one lease while an async handler handles them, one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/receiver/leases.hpp"
#include "actors/stage/async_stage.hpp"

namespace millrace::receivers {

/// Ends as HandlerStage does with a lease: at the first message that is neither acked nor rejected,
/// when the outcomes exceed run_bytes, or when a quarter of the lease is spent. What has not run is
/// leased again. One thread, but for what `ready` is called by.
///
///     next() ──▶ begin() ──true, ready──▶ finish() ──▶ next() ──▶ ... null: the run is over
///       ▲           │
///       └───false───┘
class AsyncRun {
 public:
  /// `lease` is that of the only lease of a batch of its own. `stage_name` outlives the object.
  AsyncRun(std::shared_ptr<HeldLease> lease, const std::string& stage_name, Now began);
  /// Nobody waits for the outcome of the current call any more.
  ~AsyncRun();
  AsyncRun(const AsyncRun&) = delete;
  AsyncRun& operator=(const AsyncRun&) = delete;

  /// The message for the next call; null: the run is over. REQUIRES: no call is in progress.
  [[nodiscard]] const StageInput* next() const;
  /// Calls the handler with next(), which is not null. Returns false if there is nothing to wait for.
  /// `ready` as in AsyncCall::start(). `stage` outlives the call.
  [[nodiscard]] bool begin(AsyncStage& stage, std::function<void()> ready);
  /// The call is ready: takes its result.
  void finish();
  /// Does not go on after the current call.
  void stop() { is_over_ = true; }

  [[nodiscard]] HeldLease& lease() { return *lease_; }
  [[nodiscard]] StageRun& run() { return run_; }
  [[nodiscard]] Now began() const { return began_; }

 private:
  void add_result(const StageResult& result);

  std::shared_ptr<HeldLease> lease_;
  StageRun run_;
  Now began_;
  std::unique_ptr<AsyncCall> call_{};  ///< null: none is in progress
  std::size_t next_ = 0;               ///< of run_.inputs; while a call is in progress, its message
  std::size_t bytes_ = 0;              ///< of the results so far
  bool is_over_ = false;
};

}  // namespace millrace::receivers
