// MemoryLog: a RecordLog in memory. Records become durable when the test calls commit().
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "actors/assembly/commit_router.hpp"
#include "actors/base/assert.hpp"
#include "actors/log/proposal.hpp"
#include "actors/queue/shell/record_log.hpp"
#include "actors/store/store.hpp"
#include "messages/result.hpp"

namespace millrace {

/// One thread. A subclass may store the records on a disk of its own: see write() and reopen().
class MemoryLog : public queues::RecordLog {
 public:
  /// Where committed changes go from now on; see CommitRouter::connect().
  void connect(CommitSink& sink) { router_.connect(sink); }

  void propose(std::shared_ptr<queues::RecordProposal> proposal) override {
    pb::Record record = *proposal->record;
    if (forge_) forge_(record);
    proposal->body = record.SerializeAsString();
    proposal->bytes = proposal->body.size();
    MILLRACE_ASSERT(proposal->body.size() <= logs::record_bytes_max);
    proposed_.push_back(proposal);
    if (!delivers_early_) return;
    logs::Committed early{++early_lsn_, place_of(early_lsn_), std::move(proposal)};
    router_.route({&early, 1});
  }
  [[nodiscard]] bool is_full() const override { return is_full_; }
  [[nodiscard]] bool is_exhausted() const override { return is_exhausted_; }
  [[nodiscard]] bool refuses_work() const override { return refuses_work_; }
  void set_full(bool is_full) { is_full_ = is_full; }
  void set_exhausted(bool is_exhausted) { is_exhausted_ = is_exhausted; }
  void set_refuses_work(bool refuses_work) { refuses_work_ = refuses_work; }

  [[nodiscard]] std::size_t proposed() const { return proposed_.size(); }

  /// Makes the first `count` proposals durable and delivers them to their queues; fewer if write()
  /// does, and then none from then on: see has_failed().
  void commit(std::size_t count) {
    count = std::min(count, proposed_.size());
    std::vector<std::string> bodies;
    for (std::size_t i = 0; i < count; ++i) bodies.push_back(proposed_[i]->body);
    if (bodies.empty() || has_failed_) return;
    const std::size_t written = write(bodies);
    has_failed_ = written < bodies.size();
    std::vector<logs::Committed> group;
    for (std::size_t i = 0; i < written; ++i) {
      records_.push_back(std::move(bodies[i]));
      group.push_back({records_.size(), place_of(records_.size()), std::move(proposed_.front())});
      proposed_.pop_front();
    }
    if (!group.empty() && !delivers_early_) router_.route(group);
  }
  /// Returns whether write() failed since the last crash(): then nothing more becomes durable and
  /// the node must be stopped.
  [[nodiscard]] bool has_failed() const { return has_failed_; }

  /// A fault for tests of the tests: delivers each record when it is proposed, so a crash may lose
  /// a record that a queue has already applied.
  void deliver_before_durable() { delivers_early_ = true; }
  /// A fault for tests of the tests: `forge` changes each record before it is stored, so queues
  /// apply other records before a crash than after it.
  void forge(std::function<void(pb::Record&)> forge) { forge_ = std::move(forge); }

  /// Discards proposals that are not durable.
  virtual void crash() {
    proposed_.clear();
    early_lsn_ = records_.size();
    has_failed_ = false;
  }
  /// Reads the records from the disk again; called before a node starts. Fails as the disk fails.
  virtual Result<void> reopen() { return {}; }

  /// The serialized records, oldest first; record i has the log sequence number i + 1.
  [[nodiscard]] const std::vector<std::string>& records() const { return records_; }
  /// Appends a record, durable on return. Fails with `storage_failed`.
  Result<void> append(std::string record) {
    if (write({&record, 1}) == 0) return Error{ErrorCode::storage_failed, "the disk failed"};
    records_.push_back(std::move(record));
    early_lsn_ = records_.size();
    return {};
  }

  /// Puts back a copy of the log, with these records. REQUIRES: the node is down.
  virtual void put_back(std::vector<std::string> records) {
    records_ = std::move(records);
    early_lsn_ = records_.size();
  }

  /// The state of the node as of the last durable record.
  [[nodiscard]] Store replay() const { return replay(records_); }
  [[nodiscard]] static Store replay(const std::vector<std::string>& records) {
    Store store({.body_cache_bytes = ~std::uint64_t{0}});
    replay(records, store);
    return store;
  }
  void replay_into(Store& store) const { replay(records_, store); }
  static void replay(const std::vector<std::string>& records, Store& store) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      const logs::Lsn lsn = i + 1;
      const auto applied =
          store.apply({.lsn = lsn, .place = place_of(lsn), .shard = 0, .body = records[i]});
      if (!applied) throw std::invalid_argument(applied.error().message);
    }
  }

  [[nodiscard]] static logs::Place place_of(logs::Lsn lsn) {
    return logs::make_place(1, static_cast<std::uint32_t>(lsn));
  }

 protected:
  /// Stores `bodies`. Returns how many of them are durable, counted from the first; fewer than all
  /// if the disk failed.
  virtual std::size_t write(std::span<const std::string> bodies) { return bodies.size(); }

  std::vector<std::string> records_;

 private:
  CommitRouter router_;
  std::deque<std::shared_ptr<queues::RecordProposal>> proposed_;
  bool is_full_ = false;
  bool is_exhausted_ = false;
  bool refuses_work_ = false;
  bool delivers_early_ = false;
  std::function<void(pb::Record&)> forge_;
  bool has_failed_ = false;
  logs::Lsn early_lsn_ = 0;  ///< last record that was delivered before it was durable
};

}  // namespace millrace
