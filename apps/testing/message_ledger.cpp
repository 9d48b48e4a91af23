#include "apps/testing/message_ledger.hpp"

#include <algorithm>
#include <stdexcept>

#include "apps/audit/check/cluster_check.hpp"

namespace millrace::cluster_testing {
namespace {

// Names as messages/record.proto and docs/formats/ state them.
constexpr std::string_view outbox_prefix = "outbox/";

std::string target_of(const std::string& name) {
  return name.starts_with(outbox_prefix) ? name.substr(outbox_prefix.size()) : name;
}

MessageId id_of(const pb::Envelope& envelope) {
  return {envelope.id_high(), envelope.id_low()};
}

// Of one key of a queue, as hash_idempotency_key() says.
std::string idempotency_of(const pb::Envelope& envelope) {
  if (envelope.idempotency_key().empty()) return {};
  return std::to_string(envelope.key().size()) + ":" + envelope.key() + envelope.idempotency_key();
}

}  // namespace

MessageLedger::MessageLedger(const std::vector<std::string>& nodes,
                             std::span<const PipelineSpec> pipelines,
                             const std::vector<std::string>& dead_letters, const CallBook& calls,
                             EventTrace& trace)
    : calls_(calls), trace_(trace) {
  for (const std::string& name : nodes) nodes_.push_back({name, 0, audit::Model(true)});
  for (const std::string& name : dead_letters) queues_[name];
  for (const PipelineSpec& pipeline : pipelines) {
    for (const StageSpec& stage : pipeline.stages) {
      Queue& source = queues_[stage.source.name];
      source.type = stage.source.type;
      source.stage = stage.name;
      source.keeps_state = stage.keeps_state;
      for (const QueueSpec& target : stage.targets) {
        queues_[target.name].type = target.type;
        targets_[stage.source.name].push_back(target.name);
      }
    }
  }
}

const std::string& MessageLedger::type_of(const std::string& queue) const {
  return find(queue).type;
}

const MessageLedger::Queue& MessageLedger::find(const std::string& queue) const {
  const auto found = queues_.find(queue);
  if (found == queues_.end()) {
    throw std::invalid_argument("queue " + queue + ": no pipeline has a queue of this name");
  }
  return found->second;
}

std::vector<std::string_view> MessageLedger::messages(const std::string& queue, Fate fate) const {
  const Queue& found = find(queue);
  std::vector<std::string_view> payloads;
  if (fate == Fate::handled) {
    for (const MessageId id : found.done) {
      payloads.emplace_back(found.messages.at(id).envelope->payload());
    }
    return payloads;
  }
  const State state = fate == Fate::waiting ? State::waiting : State::dead;
  for (const MessageId id : found.arrived) {
    const Message& message = found.messages.at(id);
    if (message.state == state) payloads.emplace_back(message.envelope->payload());
  }
  return payloads;
}

const std::map<std::string, std::string>& MessageLedger::values(const std::string& queue) const {
  return find(queue).values;
}

std::string MessageLedger::text_of(const std::string& queue, const Message& message) const {
  return "message " + shown(queues_.at(queue).type, *message.envelope) + " of queue " + queue;
}

void MessageLedger::fail(std::string text) {
  if (violation_.empty()) violation_ = std::move(text);
}

void MessageLedger::sent(const std::string& queue, MessageId id, const pb::Envelope& envelope) {
  queues_.at(queue).sent.emplace(id, Sent{++sent_, idempotency_of(envelope)});
}

void MessageLedger::confirmed(const std::string& queue, MessageId id) {
  const Queue& known = queues_.at(queue);
  if (known.messages.contains(id)) return;
  const auto sent = known.sent.find(id);
  const std::string& idempotency = sent->second.idempotency;
  if (!idempotency.empty() && known.idempotency_keys.contains(idempotency)) return;
  fail("lost: message " + std::to_string(sent->second.number) + " that was sent, to queue " +
       queue + ", was confirmed and is in no log");
}

void MessageLedger::apply(std::size_t at, std::string_view body) {
  Node& node = nodes_[at];
  trace_.add(node.name);
  trace_.add(body);
  ++node.lsn;
  node.model.apply(
      node.lsn, node.lsn << 32, body, report_, [&](audit::About /*about*/, std::string text) {
        fail("record " + std::to_string(node.lsn) + " of " + node.name + ": " + std::move(text));
      });
  pb::Record record;
  if (!record.ParseFromArray(body.data(), static_cast<int>(body.size()))) return;
  for (const pb::Declaration& declaration : record.declare()) declare(node, declaration);
  Fresh fresh;
  for (const pb::Change& change : record.change()) {
    Local& local = node.queues[change.queue()];
    for (const pb::Envelope& envelope : change.append()) append(node, local, envelope, fresh);
  }
  for (const pb::Change& change : record.change()) {
    Local& local = node.queues[change.queue()];
    Queue& queue = queues_[local.name];
    for (const pb::TimerSet& timer : change.timer_set()) {
      queue.timers.insert(id_of(timer.envelope()));
    }
    for (const std::uint64_t sequence : change.ack()) handle(node, local, sequence, fresh);
    for (const pb::Death& death : change.death()) give_up(node, local, death.sequence());
    if (!local.is_outbox) change_state(queue, change);
    if (change.has_install()) install(node, change.queue(), local, change);
    if (change.has_become_outbox()) become_outbox(local, queue, change.become_outbox());
  }
  explain(fresh);
  for (const std::uint32_t number : record.retire()) node.queues.erase(number);
}

void MessageLedger::declare(Node& node, const pb::Declaration& declaration) {
  Local& local = node.queues[declaration.number()];
  local.name = target_of(declaration.name());
  local.is_outbox = declaration.has_outbox();
}

void MessageLedger::append(const Node& node, Local& local, const pb::Envelope& envelope,
                           Fresh& fresh) {
  const MessageId id = id_of(envelope);
  local.live[++local.last] = id;
  Queue& queue = queues_[local.name];
  const auto [at, is_new] = queue.messages.try_emplace(id);
  Message& message = at->second;
  if (is_new) {
    message.envelope = std::make_shared<const pb::Envelope>(envelope);
    queue.arrived.push_back(id);
    ++queue.waiting;
    ++queue.in_outboxes;
    fresh.emplace(local.name, id);
  }
  if (local.is_outbox) return;
  if (message.is_at_queue) {
    fail("repeated: node " + node.name + " appends " + text_of(local.name, message) +
         ", which the queue has had already");
  }
  message.is_at_queue = true;
  --queue.in_outboxes;
  if (std::string idempotency = idempotency_of(envelope); !idempotency.empty()) {
    queue.idempotency_keys.insert(std::move(idempotency));
  }
  trace_.note(node.name + " has in " + local.name + ":", queue.type, message.envelope);
}

void MessageLedger::handle(const Node& node, Local& local, std::uint64_t sequence, Fresh& fresh) {
  const auto found = local.live.find(sequence);
  if (found == local.live.end()) return;  // the model has complained
  const MessageId id = found->second;
  local.live.erase(found);
  Queue& queue = queues_[local.name];
  Message& message = queue.messages.at(id);
  if (local.is_outbox) return hand_over(node, local.name, message);
  if (message.state != State::waiting) {
    return fail("repeated: node " + node.name + " handles " + text_of(local.name, message) +
                ", which has had its effect");
  }
  message.state = State::handled;
  --queue.waiting;
  ++effects_;
  queue.done.push_back(id);
  trace_.note(node.name + " handled in " + local.name + ":", queue.type, message.envelope);
  check_order(queue, local.name, message);
  const std::uint64_t outputs = adopt_outputs(message, local.name, id, fresh);
  if (!calls_.watches(local.name)) return;
  std::optional<std::uint64_t> state;
  if (queue.keeps_state) {
    const auto value = queue.values.find(message.envelope->key());
    state = digest_of_state(value == queue.values.end() ? nullptr : &value->second);
  }
  if (const std::string why = calls_.why_not(local.name, id, outputs, state); !why.empty()) {
    fail("the effect of " + text_of(local.name, message) + " is not that of a call: " + why);
  }
}

// The queue has a message that leaves an outbox, or had one with its idempotency key.
void MessageLedger::hand_over(const Node& node, const std::string& name, Message& message) {
  if (message.is_at_queue || message.state != State::waiting) return;
  Queue& queue = queues_.at(name);
  const std::string idempotency = idempotency_of(*message.envelope);
  if (idempotency.empty() || !queue.idempotency_keys.contains(idempotency)) {
    fail("lost: node " + node.name + " has handed over " + text_of(name, message) +
         ", which the queue does not have");
  }
  message.state = State::duplicate;
  --queue.waiting;
  --queue.in_outboxes;
}

void MessageLedger::give_up(const Node& node, Local& local, std::uint64_t sequence) {
  const auto found = local.live.find(sequence);
  if (found == local.live.end()) return;
  Queue& queue = queues_[local.name];
  Message& message = queue.messages.at(found->second);
  local.live.erase(found);
  if (message.state != State::waiting) {
    return fail("repeated: node " + node.name + " gives up " + text_of(local.name, message) +
                ", which has had its effect");
  }
  message.state = State::dead;
  --queue.waiting;
  ++deaths_;
  trace_.note(node.name + " gave up in " + local.name + ":", queue.type, message.envelope);
}

void MessageLedger::check_order(Queue& queue, const std::string& name, const Message& message) {
  if (message.envelope->key().empty() || message.origin.group.empty()) return;
  Last& last = queue.last[{message.envelope->key(), message.origin.group}];
  if (last.envelope && message.origin.rank <= last.rank) {
    fail("disordered: " + text_of(name, message) + " takes effect after " +
         shown(queue.type, *last.envelope));
  }
  last = {message.origin.rank, message.envelope};
}

// The outputs have ids that follow from the id of the message, its stage and their index.
std::uint64_t MessageLedger::adopt_outputs(const Message& parent, const std::string& name,
                                           MessageId id, Fresh& fresh) {
  OutputDigest outputs;
  const auto targets = targets_.find(name);
  if (targets == targets_.end()) return outputs.value();
  bool is_found = true;
  for (std::uint32_t index = 0; is_found; ++index) {
    const MessageId output = output_id(id, queues_.at(name).stage, index);
    is_found = false;
    for (const std::string& target : targets->second) {
      if (fresh.erase({target, output}) == 0) continue;
      Message& child = queues_.at(target).messages.at(output);
      if (!parent.envelope->key().empty()) {
        child.origin = {name + "\n" + parent.envelope->key(), {effects_, index}};
      }
      outputs.add(target, child.envelope->payload());
      is_found = true;
    }
  }
  return outputs.value();
}

// What is left was not the output of a message that the same record acks.
void MessageLedger::explain(const Fresh& fresh) {
  for (const auto& [name, id] : fresh) {
    Queue& queue = queues_.at(name);
    Message& message = queue.messages.at(id);
    const auto sent = queue.sent.find(id);
    if (sent != queue.sent.end()) {
      // Any text that is no name of a queue: all messages of a key are sent by one client.
      message.origin = {"\n", {sent->second.number, 0}};
    } else if (!message.envelope->has_dead_letter() && !queue.timers.contains(id)) {
      fail("unexpected: " + text_of(name, message) +
           " was neither sent, nor is it an output or a timer");
    }
  }
}

void MessageLedger::change_state(Queue& queue, const pb::Change& change) {
  for (const pb::StateChange& state : change.state()) {
    if (state.has_value()) queue.values[state.key()] = state.value();
    if (state.has_erase()) queue.values.erase(state.key());
  }
  for (const pb::KeyForgotten& forgotten : change.forget_key()) {
    if (!forgotten.history_only()) queue.values.erase(forgotten.key());
  }
}

// The model knows which numbers the messages have; their bodies are in the record.
void MessageLedger::install(Node& node, std::uint32_t number, Local& local,
                            const pb::Change& change) {
  const auto found = node.model.queues().find(number);
  if (found == node.model.queues().end()) return;
  for (const auto& [sequence, queued] : found->second.queued) {
    if (queued.place != node.lsn << 32 || (queued.index & audit::installed_bit) == 0) continue;
    const auto index = static_cast<int>(queued.index & ~audit::installed_bit);
    if (index < change.install().body_size()) {
      local.live[sequence] = id_of(change.install().body(index));
    }
  }
  local.last = found->second.last;
}

// Messages behind the seal follow to the new owner, which appends them once more.
void MessageLedger::become_outbox(Local& local, Queue& queue, const pb::BecomeOutbox& become) {
  local.is_outbox = true;
  local.live.erase(local.live.begin(), local.live.upper_bound(become.up_to()));
  for (const auto& [sequence, id] : local.live) {
    Message& message = queue.messages.at(id);
    if (!message.is_at_queue) continue;
    message.is_at_queue = false;
    ++queue.in_outboxes;
  }
}

void MessageLedger::check_logs() {
  std::vector<audit::DirectoryView> views;
  for (const Node& node : nodes_) views.push_back({"node " + node.name, &node.model, true});
  audit::check_outboxes(views, report_);
  audit::check_ownership(views, report_);
  for (const audit::Check& check : report_.checks()) {
    if (check.passed()) continue;
    const audit::Finding& finding = check.findings.front();
    fail(check.name + ": " + finding.directory + ": " + finding.text);
  }
}

bool MessageLedger::is_at_rest() const {
  return std::all_of(queues_.begin(), queues_.end(), [](const auto& each) {
    const Queue& queue = each.second;
    return queue.in_outboxes == 0 && (queue.stage.empty() || queue.waiting == 0);
  });
}

std::uint64_t MessageLedger::timers() const {
  std::uint64_t timers = 0;
  for (const Node& node : nodes_) {
    for (const auto& [number, queue] : node.model.queues()) timers += queue.timers.size();
  }
  return timers;
}

void MessageLedger::check_end() {
  check_logs();
  for (const auto& [name, queue] : queues_) {
    for (const auto& [id, message] : queue.messages) {
      if (message.state != State::waiting) continue;
      if (!message.is_at_queue) {
        fail("not at rest: " + text_of(name, message) + " is still on its way to the queue");
      } else if (!queue.stage.empty()) {
        fail("not at rest: " + text_of(name, message) + " still waits for stage " + queue.stage);
      }
    }
    check_sent(name, queue);
    check_values(name, queue);
  }
}

void MessageLedger::check_sent(const std::string& name, const Queue& queue) {
  for (const auto& [id, sent] : queue.sent) {
    if (queue.messages.contains(id)) continue;
    if (!sent.idempotency.empty() && queue.idempotency_keys.contains(sent.idempotency)) continue;
    fail("lost: message " + std::to_string(sent.number) + " that was sent, to queue " + name +
         ", is in no log");
  }
}

// The node that serves a key now has the value that the last handling of the key left, wherever that was.
void MessageLedger::check_values(const std::string& name, const Queue& queue) {
  std::map<std::string, std::string> served;
  for (const Node& node : nodes_) {
    for (const auto& [number, one] : node.model.queues()) {
      if (!one.is_served() || one.declaration.name() != name) continue;
      for (const auto& [key, state] : one.keys) {
        if (state.value) served[key] = *state.value;
      }
    }
  }
  if (served == queue.values) return;
  for (const auto& [key, value] : queue.values) {
    const auto found = served.find(key);
    if (found != served.end() && found->second == value) continue;
    return fail("queue " + name + ", key \"" + key +
                "\": the node that serves it has not the state that its last handling left");
  }
  fail("queue " + name + ": a node has the state of a key that no handling left");
}

}  // namespace millrace::cluster_testing
