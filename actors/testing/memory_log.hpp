// MemoryLog: a log in memory, which makes durable what a test tells it to, when the test says so.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/assert.hpp"
#include "actors/journal/options.hpp"
#include "actors/queue/record_log.hpp"
#include "actors/runtime/commit_router.hpp"

namespace millrace {

/// For one thread.
class MemoryLog final : public queues::RecordLog {
 public:
  explicit MemoryLog(CommitRouter::Deliver deliver) : router_(std::move(deliver)) {}

  void propose(std::shared_ptr<queues::RecordProposal> proposal) override {
    proposal->record->SerializeToString(&proposal->body);
    MILLRACE_ASSERT(proposal->body.size() <= journal::Options{}.record_bytes_max);
    proposed_.push_back(proposal);
    if (!tells_before_durable_) return;
    journal::Committed early{++told_, place_of(told_), std::move(proposal)};
    router_.route({&early, 1});
  }
  [[nodiscard]] bool is_full() const override { return is_full_; }
  [[nodiscard]] bool is_exhausted() const override { return is_exhausted_; }
  void set_full(bool is_full) { is_full_ = is_full; }
  void set_exhausted(bool is_exhausted) { is_exhausted_ = is_exhausted; }

  [[nodiscard]] std::size_t proposed() const { return proposed_.size(); }

  /// Makes the first `count` proposals durable, and tells the queues.
  void commit(std::size_t count) {
    std::vector<journal::Committed> group;
    for (; count > 0 && !proposed_.empty(); --count) {
      auto proposal = std::move(proposed_.front());
      proposed_.pop_front();
      records_.push_back(proposal->body);
      group.push_back({records_.size(), place_of(records_.size()), std::move(proposal)});
    }
    if (!group.empty() && !tells_before_durable_) router_.route(group);
  }

  /// Breaks the first rule of the log, to prove that a test notices: queues hear of a record when
  /// it is proposed, and a crash may take it back.
  void tell_before_durable() { tells_before_durable_ = true; }

  /// Forgets what was proposed and is not durable, as a crash does.
  void crash() {
    proposed_.clear();
    told_ = records_.size();
  }

  /// The serialized records, oldest first; record i has the log sequence number i + 1.
  [[nodiscard]] const std::vector<std::string>& records() const { return records_; }
  void append(std::string record) {
    records_.push_back(std::move(record));
    told_ = records_.size();
  }

  [[nodiscard]] static journal::Place place_of(journal::Lsn lsn) {
    return journal::make_place(1, static_cast<std::uint32_t>(lsn));
  }

 private:
  CommitRouter router_;
  std::deque<std::shared_ptr<queues::RecordProposal>> proposed_;
  std::vector<std::string> records_;
  bool is_full_ = false;
  bool is_exhausted_ = false;
  bool tells_before_durable_ = false;
  journal::Lsn told_ = 0;
};

}  // namespace millrace
