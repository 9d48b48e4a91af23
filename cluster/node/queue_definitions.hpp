// QueueDefinitions: what the nodes of a cluster tell each other of the queues that operators define while nodes run.
//
// A definition is made at the node that owns the shard of the queue's name, then at all others that can be reached. A node
// that could not be asks its peers for theirs, again and again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "actors/runtime/defined_queues.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "cluster/calls/peer_calls.hpp"
#include "messages/record.pb.h"
#include "messages/result.hpp"

namespace millrace::cluster {

/// The stage by which workers lease the messages of a defined queue. Fails with `invalid_argument`: no name, a type
/// other than `millrace.Json` and `millrace.Bytes`, a key that is no JSON pointer, or is one of bytes.
[[nodiscard]] Result<StageSpec> defined_stage(const pb::QueueDefinition& definition);

/// Keeps the definitions of a node complete. A thread of its own.
class QueueDefinitions {
 public:
  static constexpr std::chrono::seconds ask_interval{3};
  static constexpr std::chrono::seconds ask_timeout{5};

  /// Starts to answer and to ask. `queues` and `peers` outlive this object.
  QueueDefinitions(DefinedQueues& queues, calls::PeerCalls& peers);
  /// Ends both. Answers that come later change nothing.
  ~QueueDefinitions();
  QueueDefinitions(const QueueDefinitions&) = delete;
  QueueDefinitions& operator=(const QueueDefinitions&) = delete;

 private:
  /// What answers of peers may use; shared, because they may come late.
  struct Shared {
    explicit Shared(DefinedQueues& defined) : queues(&defined) {}

    std::mutex mutex{};
    DefinedQueues* queues;  ///< under mutex; null: this object has ended
    std::condition_variable ends{};
  };

  void run();
  static void learn(const std::shared_ptr<Shared>& shared, const std::string& peer,
                    const Result<std::string>& answer);

  const std::shared_ptr<Shared> shared_;
  calls::PeerCalls& peers_;
  std::thread thread_;
};

}  // namespace millrace::cluster
