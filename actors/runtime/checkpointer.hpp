// Checkpointer: from time to time the state of all queues goes to disk, so that the log before it
// can go, and a restart needs to replay only what came after.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "actors/journal/journal.hpp"
#include "actors/queue/queue_state.hpp"
#include "messages/record.pb.h"

namespace millrace {

/// A consistent cut: every queue takes its snapshot when all changes up to one record have reached
/// it, and none beyond. The parts are gathered in memory and written by a thread of its own.
class Checkpointer {
 public:
  struct Options {
    /// Bytes of log after which the next checkpoint begins. A larger checkpoint waits for as many
    /// bytes of log as it had itself, so that checkpoints never cost more than the log.
    std::uint64_t log_bytes = 128u << 20;
  };

  /// Asks all queues for a snapshot as of the record that they were last told of.
  using Request = std::function<void(journal::Lsn)>;

  Checkpointer(journal::Journal& journal, Options options, std::size_t queues, Request request);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// The log has grown; all queues have been told of what is durable up to `lsn`. Begins a
  /// checkpoint when it is due. Called by the journal's listener: never blocks.
  void on_group(journal::Lsn lsn);

  /// A checkpoint now, whatever the log's size. As on_group, called where the order of the log is
  /// kept; false when one is under way.
  bool begin(journal::Lsn lsn);

  /// A queue's snapshot, in its actor's thread. `declaration` names it.
  void take(const queues::State& state, const pb::Declaration& declaration);

  /// Waits until no checkpoint is under way. Returns the failure of the last one, if it failed.
  std::optional<Error> wait_idle();

 private:
  void run();
  void write();

  journal::Journal& journal_;
  const Options options_;
  const std::size_t queues_;
  const Request request_;
  std::atomic<bool> busy_ = false;
  std::uint64_t next_after_bytes_;

  std::mutex mutex_;
  std::condition_variable changed_;
  journal::Lsn lsn_ = 0;
  std::size_t missing_ = 0;
  bool stopping_ = false;
  std::vector<std::string> parts_;
  std::uint32_t first_segment_needed_ = 0;
  std::optional<Error> error_;
  std::thread thread_;
};

}  // namespace millrace
