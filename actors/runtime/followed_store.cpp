#include "actors/runtime/followed_store.hpp"

#include <utility>

#include "actors/pipeline/wiring.hpp"

namespace millrace {

Result<std::shared_ptr<FollowedStore>> FollowedStore::make(
    RuntimeOptions options, std::span<const PipelineSpec> pipelines) {
  if (auto prepared = NodeStates::prepare(options, pipelines); !prepared) return prepared.error();
  return std::shared_ptr<FollowedStore>(new FollowedStore(std::move(options)));
}

void FollowedStore::clear() {
  mark_ = {};
  store_ = Store();  // before the state store, which it uses
  states_ = NodeStates();
}

Result<void> FollowedStore::restart(const std::string& /*reason*/, logs::FileStore* files) {
  clear();
  if (files == nullptr) return {};
  states_.begin(options_, store_);
  states_.opened(files, store_);
  return {};
}

Result<void> FollowedStore::on_entry(logs::Section /*section*/, std::string_view bytes) {
  return store_.load(bytes);
}

Result<void> FollowedStore::on_frame(const logs::Frame& frame) {
  return store_.apply(frame);
}

Result<void> FollowedStore::check(const RuntimeOptions& options) const {
  const auto& mine = options_.limits;
  const auto& other = options.limits;
  if (mine.body_cache_bytes == other.body_cache_bytes &&
      mine.state_cache_bytes == other.state_cache_bytes &&
      (options_.state_cache_bytes > 0) == (options.state_cache_bytes > 0)) {
    return {};
  }
  return Error{ErrorCode::outdated, "it was followed with other limits"};
}

}  // namespace millrace
