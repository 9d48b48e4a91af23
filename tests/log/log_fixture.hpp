// LogFixture: one engine of actors/log/, and what the contract tests do to it. Each executable of
// this folder links the same tests with the fixtures of one engine: see log_fixtures().
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/log/engine.hpp"

namespace millrace::logs {

/// What an engine may lack, or a fixture may not be able to do to it. A test that needs a missing
/// feature is skipped, and says so.
enum class Feature : std::uint8_t {
  lock,              ///< a second writer is refused with `storage_locked`
  fence,             ///< a second writer takes the log over: the first one is fenced
  power_loss,        ///< lose_power()
  stall,             ///< stall(), resume()
  reordered_groups,  ///< stall_next(), resume(): later groups become durable before an earlier one
  write_failure,     ///< fail_writes()
  full,              ///< fill(), make_room()
  reserve,           ///< on a full log, records that make room go first
  outage,            ///< cut(), mend()
  lost_answer,       ///< cut_after_commit(), mend()
  failover,          ///< cut_before_replication(), fail_over(); with stall, outage
  damaged_checkpoint,  ///< damage_newest_checkpoint()
  backup,              ///< Log::back_up() is supported
};

[[nodiscard]] std::string to_string(Feature feature);

/// An empty log, over any number of processes that open it one after the other. The engines have
/// segments of about 64 KiB, accept bodies of `record_bytes_max`, and have a patience of `patience`.
/// Used by the test's thread, but the functions are called while the threads of a log run.
class LogFixture {
 public:
  static constexpr std::size_t record_bytes_max = 32u << 10;
  static constexpr std::uint64_t segment_bytes = 64u << 10;
  static constexpr std::chrono::milliseconds patience{300};

  LogFixture() = default;
  virtual ~LogFixture() = default;
  LogFixture(const LogFixture&) = delete;
  LogFixture& operator=(const LogFixture&) = delete;

  [[nodiscard]] virtual bool has(Feature feature) const = 0;

  /// The engine of a process that starts now.
  [[nodiscard]] virtual std::shared_ptr<Engine> make_engine() = 0;

  /// The process that has the log open is killed: nothing that its objects do from now on, also in
  /// their destructors, changes the log. Ends stalls.
  virtual void kill() = 0;

  // Each of the following is called only if has() says so.

  /// As kill(); in addition everything that was not durable is lost, or only a part of it remains,
  /// as `seed` chooses.
  virtual void lose_power(std::uint64_t /*seed*/) { missing("lose_power"); }

  /// From now on no group becomes durable until resume(), kill() or lose_power().
  virtual void stall() { missing("stall"); }
  /// As stall(), but only for the next group that is written; later ones become durable.
  virtual void stall_next() { missing("stall_next"); }
  /// Waits until a write is stalled. Fails the test after a minute.
  virtual void await_stalled() { missing("await_stalled"); }
  virtual void resume() { missing("resume"); }

  /// Each write of the log fails from now on, until kill().
  virtual void fail_writes() { missing("fail_writes"); }

  /// There is no room for the log to grow, until make_room().
  virtual void fill() { missing("fill"); }
  virtual void make_room() { missing("make_room"); }

  /// The server cannot be reached: commits in flight do not take place. Until mend().
  virtual void cut() { missing("cut"); }
  /// The next commit takes place, but its answer does not arrive; then as cut().
  virtual void cut_after_commit() { missing("cut_after_commit"); }
  virtual void mend() { missing("mend"); }
  /// The next commit becomes visible to whoever reads the log from then on, but is on one server
  /// only and its answer does not arrive, as when its session is ended while it waits for the
  /// standby; then as cut(). A later commit that succeeds is a promise for it too.
  virtual void cut_before_replication() { missing("cut_before_replication"); }
  /// The standby takes over: commits that are on one server only are lost. Sessions end; ends
  /// stalls.
  virtual void fail_over() { missing("fail_over"); }

  /// Changes a byte of the newest checkpoint. No log is open.
  virtual void damage_newest_checkpoint() { missing("damage_newest_checkpoint"); }

 private:
  static void missing(const char* name) { ADD_FAILURE() << "the fixture lacks " << name << "()"; }
};

/// A kind of fixture, made anew for each test.
struct NamedFixture {
  std::string name;  ///< letters and digits; part of the names of the tests
  std::function<std::unique_ptr<LogFixture>()> make;

  friend void PrintTo(const NamedFixture& fixture, std::ostream* out) { *out << fixture.name; }
};

/// The fixtures that the tests of this executable run over. Defined once by each engine.
[[nodiscard]] std::vector<NamedFixture> log_fixtures();

}  // namespace millrace::logs
