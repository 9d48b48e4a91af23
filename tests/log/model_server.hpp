// ModelServer: a database with a standby that keeps one log, in memory, with what befalls a real
// one: it cannot be reached, an answer is lost, it is full, it stalls, the standby takes over.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/log/checkpoint.hpp"
#include "actors/log/frame.hpp"
#include "messages/result.hpp"

namespace millrace::logs {

/// One record as the server stores it.
struct ModelRow {
  std::uint32_t shard = 0;
  std::string body;
};

/// A table: the records of one segment, from `first_lsn` on.
struct ModelSegment {
  Lsn first_lsn = 0;
  std::uint64_t bytes = 0;
  std::vector<ModelRow> rows;

  [[nodiscard]] Lsn end() const { return first_lsn + rows.size(); }
};

struct ModelCheckpoint {
  Lsn replay_from = 1;
  bool is_damaged = false;
  std::vector<std::pair<Section, std::string>> entries;
};

/// What is durable. `epoch` is that of the owner.
struct ModelData {
  std::uint64_t epoch = 0;
  std::map<SegmentNumber, ModelSegment> segments;
  std::map<std::uint64_t, ModelCheckpoint> checkpoints;

  /// Lsn of the last record; 0: the log is empty.
  [[nodiscard]] Lsn last_lsn() const {
    return segments.empty() ? 0 : segments.rbegin()->second.end() - 1;
  }
};

/// A process that talks to the server; ended by ModelServer::kill().
struct ModelClient {
  std::uint64_t born = 0;  ///< ModelServer::deaths when it was made
};

/// Any thread may call any function.
class ModelServer {
 public:
  [[nodiscard]] ModelClient make_client();

  /// Runs `transaction` on the data, as a whole. Fails with `log_unreachable` (the server is cut off
  /// or the client was killed: nothing was changed; or the answer was lost: it was), or with the
  /// error of `transaction`, which must change nothing then.
  using Transaction = std::function<Result<void>(ModelData&)>;
  Result<void> run(const ModelClient& client, const Transaction& transaction);
  /// As run(), for a transaction that needs room and waits for the standby: what is visible when it
  /// succeeds survives each failover. Also fails with `storage_full`, `storage_failed`.
  Result<void> write(const ModelClient& client, const Transaction& transaction);

  /// Waits until the server may answer the client, `until`, or `is_enough`; see wake().
  void await_reachable(const ModelClient& client, std::chrono::steady_clock::time_point until,
                       const std::function<bool()>& is_enough);
  /// Lets each await_reachable() look at its condition.
  void wake();

  void kill();
  void cut(bool is_cut);
  void cut_after_commit();
  void cut_before_replication();
  void fail_over();
  void fill(bool is_full);
  void stall(bool stalls);
  void await_stalled();
  void fail_writes(bool fails);
  void damage_newest_checkpoint();

 private:
  [[nodiscard]] bool is_reachable(const ModelClient& client) const {
    return !is_cut_ && client.born == deaths_;
  }
  void set(bool ModelServer::*what, bool value);

  std::mutex mutex_;  ///< guards all below
  std::condition_variable changed_;
  ModelData data_;        ///< what is visible
  ModelData replicated_;  ///< what the standby has
  std::uint64_t failovers_ = 0;
  std::uint64_t deaths_ = 0;
  bool is_cut_ = false;
  bool is_cut_after_commit_ = false;
  bool is_cut_before_replication_ = false;
  bool is_full_ = false;
  bool stalls_ = false;
  bool fails_ = false;
  int stalled_ = 0;
};

}  // namespace millrace::logs
