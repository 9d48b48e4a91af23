// TakeoverModel: owners of one log over a database with a synchronous standby, one random step after the
// other. Every decision is that of the cores (CommitCore, LogEnd); the database is the model's: commits
// that wait for the standby, that are visible and lost at a failover, whose answers never come; sessions
// that are ended while they wait; two owners at once. A follower (FollowCore) reads along, and each owner
// compares what it has followed with the log that it takes. A fault can be planted, to prove that the checks
// find it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "actors/postgres_log/core/commit_core.hpp"
#include "actors/postgres_log/core/follow_core.hpp"
#include "actors/postgres_log/core/log_end.hpp"

namespace millrace::postgres_log {

enum class Planted : std::uint8_t {
  none,
  epoch_not_checked,       ///< a group is written whatever the epoch is
  lease_instead_of_epoch,  ///< a group is written while its owner believes that it holds the lease
  lock_not_waited_for,     ///< a takeover does not wait for groups that are under way
  gap_not_cut,             ///< rows behind the gap stay when an owner takes over
  row_is_enough,           ///< a group in doubt whose row is visible is confirmed
  marker_before_rows,      ///< the marker is confirmed before the missing groups are written again
  out_of_order,            ///< a group is confirmed before those in front of it
  warning_ignored,         ///< a commit whose wait was cancelled counts as confirmed
  server_not_compared,     ///< what was followed counts whichever server answers
  gap_followed,            ///< rows behind a gap are followed
};

class TakeoverModel {
 public:
  TakeoverModel(std::uint64_t seed, Planted planted)
      : random_(seed), follow_random_(~seed), planted_(planted) {}

  /// Runs `steps` random steps, then lets one last owner take over. What was found wrong; empty: nothing.
  [[nodiscard]] std::string run(int steps);

  /// Of all owners, for figures of what the runs reach.
  struct Counts {
    std::uint64_t confirmed = 0;
    std::uint64_t takeovers = 0;
    std::uint64_t failovers = 0;
    std::uint64_t settled = 0;
    std::uint64_t cut_rows = 0;
    std::uint64_t fenced = 0;
    std::uint64_t warm = 0;      ///< takeovers that go on with what was followed
    std::uint64_t followed = 0;  ///< records that they need not read
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  using Value = std::uint64_t;  ///< of a record: each is appended once

  struct Row {
    std::vector<Value> values;
    Lsn durable = 0;  ///< as its owner knew when it formed the group
  };
  using Rows = std::map<Lsn, Row>;

  /// What one commit changes.
  struct Change {
    std::optional<std::uint64_t> epoch;
    std::vector<Lsn> cut;
    Rows rows;
  };
  struct State {
    std::uint64_t epoch = 0;
    Rows rows;
  };

  /// A transaction of an owner: a group, a settlement, or a takeover.
  struct Transaction {
    enum class Kind : std::uint8_t { group, settlement, takeover };
    Kind kind = Kind::group;
    std::size_t owner = 0;    ///< index
    std::uint64_t epoch = 0;  ///< that it checks
    GroupNumber group = 0;    ///< of Kind::group
    Change change;            ///< of Kind::group, from the beginning; else when it is executed
    std::optional<std::size_t> at{};  ///< index in the server's log; empty: not executed yet
    bool is_heard = true;             ///< its owner still waits for the answer
  };

  struct Owner {
    std::uint64_t epoch = 0;
    std::unique_ptr<CommitCore> core;  ///< null before it has taken the log
    std::map<GroupNumber, Row> rows;   ///< of groups that are not confirmed
    std::map<GroupNumber, Lsn> lsns;
    std::vector<Value> found;      ///< the log as it was taken over
    std::vector<Value> confirmed;  ///< behind `found`
    bool believes_in_lease = true;
    bool is_over = false;
  };

  void step();
  void begin_group(std::size_t index);
  void begin_settlement(std::size_t index);
  void begin_takeover();
  void execute(std::size_t index);
  [[nodiscard]] bool is_blocked(const Transaction& transaction) const;
  [[nodiscard]] bool passes_fence(const Transaction& transaction) const;
  [[nodiscard]] bool fill_settlement(Transaction& transaction);
  void fill_takeover(Transaction& transaction);
  void commit(Transaction& transaction, Change change);
  void apply(const Change& change);
  void replicate();
  void end_while_waiting(std::size_t index);
  void answer(const Transaction& transaction, bool is_committed);
  void on_taken(const Transaction& transaction);
  void lose_answers(std::size_t owner);
  void fail_over();
  void confirm(std::size_t index);
  void fence(std::size_t index);
  void follow();
  [[nodiscard]] std::string run_of_server() const;
  void check_followed(const std::vector<Value>& found, Lsn last_lsn);
  void check_found(const std::vector<Value>& found);
  void finish();
  std::vector<Value> read_log(const Rows& rows, LogEnd& end) const;
  [[nodiscard]] std::uint64_t roll(std::uint64_t below) { return random_() % below; }
  void fail(const std::string& text) {
    if (wrong_.empty()) wrong_ = text;
  }

  std::mt19937_64 random_;
  std::mt19937_64 follow_random_;
  const Planted planted_;
  std::string wrong_;
  Counts counts_;
  Value next_value_ = 1;

  State visible_;
  std::vector<Change> log_;     ///< of the primary: commits in their order
  std::size_t replicated_ = 0;  ///< of log_
  std::vector<Transaction> transactions_;
  std::vector<Owner> owners_;
  /// What is promised: found by an owner that relied on it, or confirmed.
  std::vector<Value> promised_;
  FollowCore follower_;
  std::vector<Value> followed_;  ///< by follower_
};

}  // namespace millrace::postgres_log
