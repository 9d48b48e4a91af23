#include "cluster/node/queue_definitions.hpp"

#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "actors/pipeline/validate.hpp"
#include "cluster/node/value_queue.hpp"
#include "messages/calls.pb.h"

namespace millrace::cluster {
namespace {

constexpr const char* definitions_service = "queues.defined";

Error wrong(const pb::QueueDefinition& definition, const std::string& what) {
  return {ErrorCode::invalid_argument, "queue " + definition.name() + ": " + what};
}

/// Whether `text` is a JSON pointer.
bool is_pointer(const std::string& text) {
  try {
    static_cast<void>(nlohmann::json::json_pointer(text));
    return true;
  } catch (const nlohmann::json::parse_error&) {
    return false;
  }
}

}  // namespace

Result<StageSpec> defined_stage(const pb::QueueDefinition& definition) {
  if (!is_name(definition.name())) {
    return Error{ErrorCode::invalid_argument,
                 "queue: name: expected 1 to 100 characters of [a-z0-9._-], got \"" +
                     definition.name() + '"'};
  }
  const std::string json = type_name(config::ValueType::json);
  const std::string bytes = type_name(config::ValueType::bytes);
  if (definition.type() != json && definition.type() != bytes) {
    return wrong(definition,
                 "type: expected " + json + " or " + bytes + ", got \"" + definition.type() + '"');
  }
  const bool is_json = definition.type() == json;
  if (!definition.key().empty() && !is_json) {
    return wrong(definition, "key: expected none, as its messages are bytes");
  }
  if (!is_pointer(definition.key())) {
    return wrong(definition,
                 "key: expected a JSON pointer such as /customer/id, got " + definition.key());
  }
  StageSpec stage;
  stage.name = definition.name();
  stage.source =
      value_queue(definition.name(), is_json ? config::ValueType::json : config::ValueType::bytes,
                  definition.key());
  stage.is_external = true;
  stage.is_keyed = stage.source.key_of != nullptr;
  stage.keeps_state = stage.is_keyed;
  if (stage.keeps_state) stage.state_type = external_state_type;
  if (definition.lease_us() > 0) {
    stage.options.timeout = std::chrono::microseconds(definition.lease_us());
  }
  stage.options.retry.attempts = definition.attempts();
  if (definition.retry_first_us() > 0) {
    stage.options.retry.first = std::chrono::microseconds(definition.retry_first_us());
  }
  if (definition.retry_max_us() > 0) {
    stage.options.retry.max = std::chrono::microseconds(definition.retry_max_us());
  }
  stage.definition = std::make_shared<const pb::QueueDefinition>(definition);
  return stage;
}

QueueDefinitions::QueueDefinitions(DefinedQueues& queues, calls::PeerCalls& peers)
    : shared_(std::make_shared<Shared>(queues)), peers_(peers) {
  peers_.serve(definitions_service, [shared = shared_](const std::string&, const std::string&,
                                                       const calls::PeerCalls::Answer& answer) {
    pb::QueueDefinitions known;
    {
      const std::lock_guard lock(shared->mutex);
      if (shared->queues == nullptr) {
        return answer(Error{ErrorCode::draining, "the node stops"});
      }
      for (pb::QueueDefinition& each : shared->queues->definitions()) {
        *known.add_definition() = std::move(each);
      }
    }
    answer(known.SerializeAsString());
  });
  thread_ = std::thread([this] { run(); });
}

QueueDefinitions::~QueueDefinitions() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->queues = nullptr;
  }
  shared_->ends.notify_all();
  thread_.join();
}

void QueueDefinitions::run() {
  std::unique_lock lock(shared_->mutex);
  while (shared_->queues != nullptr) {
    lock.unlock();
    for (const std::string& peer : peers_.peers_up()) {
      peers_.call(peer, definitions_service, "", ask_timeout,
                  [shared = shared_, peer](const Result<std::string>& answer) {
                    learn(shared, peer, answer);
                  });
    }
    lock.lock();
    shared_->ends.wait_for(lock, ask_interval, [this] { return shared_->queues == nullptr; });
  }
}

void QueueDefinitions::learn(const std::shared_ptr<Shared>& shared, const std::string& peer,
                             const Result<std::string>& answer) {
  pb::QueueDefinitions known;
  if (!answer || !known.ParseFromString(*answer)) return;  // asked again
  const std::lock_guard lock(shared->mutex);
  if (shared->queues == nullptr) return;
  for (const pb::QueueDefinition& each : known.definition()) {
    if (shared->queues->knows(each)) continue;
    shared->queues->define(each, [name = each.name(), peer](const Result<void>& defined) {
      if (defined) {
        spdlog::info("queue {} is defined here as at node {}", name, peer);
      } else {
        spdlog::error("queue {} of node {} cannot be defined here: {}", name, peer,
                      defined.error().message);
      }
    });
  }
}

}  // namespace millrace::cluster
