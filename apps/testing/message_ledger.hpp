// MessageLedger: what became of each message of a simulated cluster, as the records of all logs say. It
// follows messages by their ids, whatever node they are on, and shares no code with the runtime that
// wrote the records; the records themselves are checked by the Model of the audit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/stage/pipeline_spec.hpp"
#include "apps/audit/model/model.hpp"
#include "apps/testing/call_book.hpp"
#include "apps/testing/cluster_view.hpp"
#include "apps/testing/event_trace.hpp"
#include "messages/envelope.pb.h"
#include "messages/hash.hpp"
#include "messages/record.pb.h"

namespace millrace::cluster_testing {

/// One thread. The first broken promise stays in violation().
class MessageLedger final : public ClusterTestView {
 public:
  /// `dead_letters`: names of queues that no pipeline writes to. All references must outlive this object.
  MessageLedger(const std::vector<std::string>& nodes, std::span<const PipelineSpec> pipelines,
                const std::vector<std::string>& dead_letters, const CallBook& calls,
                EventTrace& trace);

  /// A client is about to offer this message. `id`: as its sender will number it.
  void sent(const std::string& queue, MessageId id, const pb::Envelope& envelope);
  /// The offer of the message `id` was confirmed: it must be durable.
  void confirmed(const std::string& queue, MessageId id);
  /// Reads the next record of the log of a node. REQUIRES: records come in an order in which they can
  /// have become durable.
  void apply(std::size_t node, std::string_view record);

  /// Checks what the logs say of each other, and each log of itself.
  void check_logs();
  /// Whether every message was handled by the stage that reads its queue, or given up; those in queues that
  /// no stage reads may wait there.
  [[nodiscard]] bool is_at_rest() const;
  [[nodiscard]] std::uint64_t timers() const;
  /// REQUIRES: the trouble is over for long. Checks that all is done, everywhere.
  void check_end();

  /// In one line; empty: none.
  [[nodiscard]] const std::string& violation() const { return violation_; }
  [[nodiscard]] std::uint64_t handled_total() const { return effects_; }
  [[nodiscard]] std::uint64_t dead_total() const { return deaths_; }
  [[nodiscard]] bool has_queue(const std::string& queue) const { return queues_.contains(queue); }
  /// Full name of the type of its messages; empty: several.
  [[nodiscard]] const std::string& type_of(const std::string& queue) const;

 private:
  /// Where a message comes from, as far as its order tells: the messages of a key that come from
  /// messages of one key, or from one client, are in the order of their ranks.
  struct Origin {
    std::string group{};  ///< empty: no order
    std::pair<std::uint64_t, std::uint64_t> rank{};
  };
  enum class State : std::uint8_t {
    waiting,
    handled,
    dead,
    duplicate,  ///< of another message with its idempotency key
  };
  struct Message {
    std::shared_ptr<const pb::Envelope> envelope;
    State state = State::waiting;
    bool is_at_queue = false;  ///< otherwise in an outbox, or gone
    Origin origin{};
  };
  struct Sent {
    std::uint64_t number = 0;
    std::string idempotency{};  ///< with the key of the message; empty: none
  };
  struct Last {
    std::pair<std::uint64_t, std::uint64_t> rank{};
    std::shared_ptr<const pb::Envelope> envelope;
  };
  /// A queue in all shards of all nodes, with its outboxes.
  struct Queue {
    std::string type{};
    std::string stage{};  ///< that reads it; empty: none
    bool keeps_state = false;
    std::uint64_t waiting = 0;      ///< messages
    std::uint64_t in_outboxes = 0;  ///< of these
    std::map<MessageId, Message> messages{};
    std::vector<MessageId> arrived{};  ///< in this order
    std::vector<MessageId> done{};     ///< handled, in this order
    std::map<MessageId, Sent> sent{};
    std::set<std::string> idempotency_keys{};     ///< of its messages, with their keys
    std::set<MessageId> timers{};                 ///< ids that timers will have
    std::map<std::string, std::string> values{};  ///< by key
    std::map<std::pair<std::string, std::string>, Last> last{};  ///< by key and group
  };
  /// A queue or outbox of one node.
  struct Local {
    std::string name{};  ///< of the queue, also for an outbox
    bool is_outbox = false;
    std::uint64_t last = 0;
    std::map<std::uint64_t, MessageId> live{};  ///< by sequence number
  };
  struct Node {
    std::string name;
    std::uint64_t lsn = 0;
    audit::Model model;
    std::map<std::uint32_t, Local> queues{};
  };
  using Fresh = std::set<std::pair<std::string, MessageId>>;

  [[nodiscard]] std::vector<std::string_view> messages(const std::string& queue,
                                                       Fate fate) const override;
  [[nodiscard]] const std::map<std::string, std::string>& values(
      const std::string& queue) const override;
  [[nodiscard]] const Queue& find(const std::string& queue) const;

  void declare(Node& node, const pb::Declaration& declaration);
  void append(const Node& node, Local& local, const pb::Envelope& envelope, Fresh& fresh);
  void handle(const Node& node, Local& local, std::uint64_t sequence, Fresh& fresh);
  void hand_over(const Node& node, const std::string& name, Message& message);
  void give_up(const Node& node, Local& local, std::uint64_t sequence);
  void check_order(Queue& queue, const std::string& name, const Message& message);
  [[nodiscard]] std::uint64_t adopt_outputs(const Message& parent, const std::string& name,
                                            MessageId id, Fresh& fresh);
  void explain(const Fresh& fresh);
  void change_state(Queue& queue, const pb::Change& change);
  void install(Node& node, std::uint32_t number, Local& local, const pb::Change& change);
  static void become_outbox(Local& local, Queue& queue, const pb::BecomeOutbox& become);
  void check_sent(const std::string& name, const Queue& queue);
  void check_values(const std::string& name, const Queue& queue);
  [[nodiscard]] std::string text_of(const std::string& queue, const Message& message) const;
  void fail(std::string text);

  const CallBook& calls_;
  EventTrace& trace_;
  std::vector<Node> nodes_;
  std::map<std::string, Queue> queues_;
  /// By stage of the source queue: the queues that it writes to.
  std::map<std::string, std::vector<std::string>> targets_;
  audit::Report report_;
  std::uint64_t sent_ = 0;
  std::uint64_t effects_ = 0;
  std::uint64_t deaths_ = 0;
  std::string violation_;
};

}  // namespace millrace::cluster_testing
