// What a running node is asked by threads that are no actors.
#include <future>
#include <map>
#include <utility>

#include "actors/base/shell/tell_actor.hpp"
#include "actors/runtime/runtime_parts.hpp"
#include "actors/sender/shell/sender_actor.hpp"
#include "actors/store/key_view.hpp"
#include "messages/hash.hpp"

namespace millrace {
namespace {

constexpr std::chrono::seconds sender_ready_timeout{10};
constexpr std::chrono::seconds inspect_timeout{10};
constexpr std::chrono::minutes operation_timeout{10};

Error no_answer(const std::string& queue) {
  return {ErrorCode::timeout, "queue " + queue + " did not answer in time"};
}

void add(const queues::QueueStatus& status, std::uint32_t shard, QueueInfo& info) {
  info.shards.push_back({shard, status.ledger.queued()});
  info.ledger += status.ledger;
  info.ledger.duplicates += status.duplicates;
  info.bytes += status.bytes;
  info.in_flight += status.in_flight;
  info.timers += status.timers;
  info.is_blocked = info.is_blocked || status.is_blocked;
  info.is_above_high_water = info.is_above_high_water || status.is_above_high_water;
  if (status.oldest_born_us != 0 &&
      (info.oldest_born_us == 0 || status.oldest_born_us < info.oldest_born_us)) {
    info.oldest_born_us = status.oldest_born_us;
  }
}

}  // namespace

std::vector<QueueInfo> Runtime::Parts::inspect() {
  std::vector<pb::Declaration> declarations = actors->declarations();
  std::erase_if(declarations, [](const pb::Declaration& one) { return one.staged(); });
  std::vector<queues::QueueHandle> handles;
  handles.reserve(declarations.size());
  for (const pb::Declaration& one : declarations) handles.push_back(actors->handle(one.number()));
  const auto answers =
      ask_all<queues::QueueStatus>(system, handles, queues::InspectMessage{}, inspect_timeout);
  std::map<std::string, QueueInfo> infos;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const pb::Declaration& declaration = declarations[i];
    QueueInfo& info = infos[declaration.name()];
    info.name = declaration.name();
    info.type = declaration.type();
    info.is_dead_letter = declaration.dead_letters();
    info.is_outbox = declaration.has_outbox();
    if (answers[i]) add(*answers[i], declaration.shard(), info);
  }
  std::vector<QueueInfo> out;
  out.reserve(infos.size());
  for (auto& [name, info] : infos) out.push_back(std::move(info));
  return out;
}

std::vector<QueueInfo> Runtime::queues() {
  return parts_->inspect();
}

Result<std::shared_ptr<SenderLink>> Runtime::sender_link(const std::string& queue,
                                                         const SenderOptions& options) {
  for (const pb::Declaration& declaration : parts_->actors->declarations()) {
    if (declaration.name() != queue && declaration.name() != outbox_name(queue)) continue;
    return open_sender(queue, declaration.type(), options);
  }
  return Error{ErrorCode::not_found, "no pipeline has a queue " + queue};
}

Result<void> Runtime::can_take(const std::string& queue, std::uint32_t shard, std::uint64_t bytes) {
  const auto ingress = parts_->actors->ingress(queue, shard);
  if (!ingress) return ingress.error();
  if (!ingress->handle) return Error{ErrorCode::not_owner, "another node serves " + queue};
  const auto status = ask<queues::QueueStatus>(parts_->system, ingress->handle,
                                               queues::InspectMessage{bytes}, inspect_timeout);
  if (!status) return no_answer(queue);
  if (status->refusal) return *status->refusal;
  return {};
}

Result<KeyView> Runtime::key(const std::string& queue, const std::string& key) {
  const std::uint32_t shard = shard_of(key, parts_->options.shards);
  const auto served = parts_->actors->served(queue, shard);
  if (!served) return served.error();
  if (!served->handle) {
    return Error{ErrorCode::not_owner,
                 "shard " + std::to_string(shard) + " of " + queue + " is served by another node"};
  }
  const auto reply = ask<queues::KeyReply>(parts_->system, served->handle, queues::KeyMessage{key},
                                           inspect_timeout);
  if (!reply) return no_answer(queue);
  if (!reply->state) {
    return Error{ErrorCode::not_found, "queue " + queue + " knows no key " + key};
  }
  return view_key(key, *reply->state);
}

std::uint32_t Runtime::shards() const {
  return parts_->options.shards;
}

std::vector<StageCounts> Runtime::stage_counts() const {
  return parts_->actors->stage_counts();
}

journal::JournalStats Runtime::journal_stats() const {
  return parts_->journal->stats();
}

Result<std::shared_ptr<SenderLink>> Runtime::open_sender(const std::string& queue,
                                                         const std::string& type,
                                                         const SenderOptions& options) {
  auto actor = std::make_shared<AnyActor>();
  auto inbox = std::make_shared<senders::SenderInbox>(
      options.limits.window, [actor] { tell(*actor, senders::WakeMessage{}); });
  {
    const std::lock_guard lock(parts_->senders_mutex);
    if (!parts_->takes_senders) {
      return Error{ErrorCode::draining, "the node stops, and takes no more senders"};
    }
    auto spawned = parts_->actors->spawn_sender(queue, type, options, inbox);
    if (!spawned) return spawned.error();
    *actor = *spawned;
    parts_->senders.push_back(*actor);
  }
  auto settled = inbox->wait_ready(sender_ready_timeout);
  if (!settled) {
    // Nobody has it, and it would ask to be let in for ever.
    end_actor(*actor);
    const std::lock_guard lock(parts_->senders_mutex);
    std::erase(parts_->senders, *actor);
    return settled.error();
  }
  return std::make_shared<SenderLink>(std::move(inbox), static_cast<std::uint32_t>(settled->size()),
                                      parts_->clock, std::move(*settled));
}

Result<OperationResult> Runtime::operate(const std::string& queue, Operation operation) {
  auto promise = std::make_shared<std::promise<OperationResult>>();
  auto result = promise->get_future();
  const auto begun = parts_->actors->operate(
      queue, parts_->reader, std::move(operation),
      [promise](OperationResult done) { promise->set_value(std::move(done)); });
  if (!begun) return begun.error();
  if (result.wait_for(operation_timeout) != std::future_status::ready) {
    return Error{ErrorCode::timeout, "queue " + queue + " did not answer in time"};
  }
  OperationResult done = result.get();
  const auto& [messages, stopped] = done.removed;
  if (stopped && messages == 0) return *stopped;
  return done;
}

Result<std::vector<MessageView>> Runtime::peek(const std::string& queue, std::uint64_t max,
                                               MessageFilter filter) {
  auto done = operate(queue, {Operation::Verb::peek, std::move(filter), max});
  if (!done) return done.error();
  return std::move(done->seen);
}

Result<Removed> Runtime::redrive(const std::string& dead_letter_queue, MessageFilter filter,
                                 std::uint64_t max) {
  auto done = operate(dead_letter_queue, {Operation::Verb::redrive, std::move(filter), max});
  if (!done) return done.error();
  return std::move(done->removed);
}

Result<Removed> Runtime::drop(const std::string& queue, MessageFilter filter, std::uint64_t max) {
  auto done = operate(queue, {Operation::Verb::drop, std::move(filter), max});
  if (!done) return done.error();
  return std::move(done->removed);
}

}  // namespace millrace
