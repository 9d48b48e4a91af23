#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "actors/runtime/defined_queues.hpp"
#include "cluster/http/service/runtime_api.hpp"

namespace millrace::http {
namespace {

/// Longer than a shard that moves takes as a rule.
constexpr std::chrono::seconds define_timeout{10};

}  // namespace

Result<void> RuntimeApi::define_queue(const pb::QueueDefinition& definition) {
  struct Shared {
    std::mutex mutex{};
    std::condition_variable arrived{};
    std::optional<Result<void>> outcome{};
  };
  const auto shared = std::make_shared<Shared>();
  runtime_.defined_queues().define(definition, [shared](Result<void> outcome) {
    const std::lock_guard lock(shared->mutex);
    shared->outcome.emplace(std::move(outcome));
    shared->arrived.notify_all();
  });
  std::unique_lock lock(shared->mutex);
  if (!shared->arrived.wait_for(lock, define_timeout,
                                [&] { return shared->outcome.has_value(); })) {
    return Error{ErrorCode::timeout,
                 "queue " + definition.name() +
                     " is defined, and has no messages here before each shard has an owner and "
                     "none moves"};
  }
  return *shared->outcome;
}

}  // namespace millrace::http
