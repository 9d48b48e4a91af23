#include "actors/runtime/node_states.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/log/engine.hpp"
#include "actors/pipeline/wiring.hpp"
#include "actors/state_store/rocks_table.hpp"

namespace millrace {
namespace {

constexpr std::uint64_t body_cache_bytes_min = 1u << 20;
constexpr std::uint64_t state_cache_bytes_min = 64u << 10;

// Keys in memory have no age.
Result<void> check_kept_for_ever(const RuntimeOptions& options,
                                 std::span<const PipelineSpec> pipelines) {
  const auto refused = [](const std::string& what) {
    return Error{ErrorCode::invalid_argument,
                 what +
                     " forgets keys after a time, which needs keyed state on disk: set "
                     "runtime.state_cache"};
  };
  for (const auto& [name, limits] : options.queue_limits) {
    if (limits.keep_state_us > 0 || limits.keep_history_us > 0) return refused("queue " + name);
  }
  for (const PipelineSpec& pipeline : pipelines) {
    for (const StageSpec& stage : pipeline.stages) {
      if (stage.options.keep_state.count() > 0) return refused("stage " + stage.name);
    }
  }
  return {};
}

}  // namespace

Result<void> NodeStates::prepare(RuntimeOptions& options, std::span<const PipelineSpec> pipelines) {
  // The state store lies beside the journal, or is a cache of the files that the engine keeps; another
  // engine or disk has no place for one.
  const bool is_cache = options.engine && options.engine->keeps_files();
  const bool is_beside_journal = !options.engine && options.files == nullptr;
  if ((is_beside_journal || is_cache) && options.state_dir.empty()) {
    options.state_dir = options.data_dir / states::directory_name;
  }
  const bool has_place = !options.state_dir.empty();
  if (options.state_cache_bytes > 0 && !has_place) {
    return Error{ErrorCode::invalid_argument,
                 "keyed state on disk (state_cache) needs the journal or PostgreSQL as the log"};
  }
  if (options.state_cache_bytes == 0) {
    if (auto checked = check_kept_for_ever(options, pipelines); !checked) return checked;
  }
  const std::size_t queues =
      std::max<std::size_t>(analyse_wiring(pipelines).queues.size() * options.shards, 1);
  options.limits.body_cache_bytes =
      std::max<std::uint64_t>(options.body_cache_bytes / queues, body_cache_bytes_min);
  options.limits.state_cache_bytes =
      std::max<std::uint64_t>(options.state_cache_bytes / queues, state_cache_bytes_min);
  for (auto& [name, limits] : options.queue_limits) {
    limits.state_cache_bytes = options.limits.state_cache_bytes;
    // A value at its default stands for the queue's share of the common cache.
    if (limits.body_cache_bytes == queues::Limits{}.body_cache_bytes &&
        !options.own_body_cache.contains(name)) {
      limits.body_cache_bytes = options.limits.body_cache_bytes;
    }
  }
  return {};
}

void NodeStates::begin(const RuntimeOptions& options, Store& store) {
  store = Store(options.limits);
  if (options.state_dir.empty()) return;
  directory_ = options.state_dir;
  store_ = std::make_unique<states::StateStore>(
      states::make_rocks_table(options.state_dir, logs::Opener::writer));
  store.use(*store_, options.state_cache_bytes > 0 ? Store::Keys::on_disk : Store::Keys::in_memory);
}

void NodeStates::opened(logs::FileStore* files, Store& store) {
  if (files == nullptr || !store_) return;
  if (!copies_) copies_ = std::make_unique<states::CopyFiles>(directory_);
  copies_->use(*files);
  store.fetch_by(*copies_);
}

void NodeStates::started(logs::FileStore* files) {
  if (copies_) copies_->use(*files);
}

Result<void> NodeStates::recovered(const RuntimeOptions& options, Store& store, logs::Lsn last,
                                   std::function<void(const Error&)> failed) {
  if (auto checked = store.recovered(last); !checked) return checked;
  if (options.state_cache_bytes > 0) {
    keeper_ = std::make_unique<states::StateKeeper>(*store_, std::move(failed));
    return {};
  }
  if (!store_ || store.names_states()) return {};
  // The newest checkpoint has all keys itself.
  std::error_code failure;
  std::filesystem::remove_all(options.state_dir, failure);
  if (failure) {
    spdlog::warn("cannot remove {}: {}", options.state_dir.string(), failure.message());
  }
  return {};
}

}  // namespace millrace
