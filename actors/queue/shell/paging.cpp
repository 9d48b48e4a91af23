#include "actors/queue/shell/paging.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <caf/all.hpp>

#include "actors/base/assert.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "actors/queue/decide/dispatch.hpp"

namespace millrace::queues {
namespace {

constexpr std::size_t keys_per_read = 256;
constexpr std::size_t aged_per_look = 1'000;
constexpr std::size_t keys_per_index = 2'000;
constexpr DurationUs look_min_us = 1'000'000;
constexpr DurationUs index_pause_us = 10'000;
constexpr DurationUs look_max_interval_us = 60'000'000;
constexpr std::uint64_t write_bytes_min = 256u << 10;

using Values = std::vector<std::pair<std::string, std::shared_ptr<const std::string>>>;

}  // namespace

void Paging::send_task(const QueueHandle& queue, std::function<void()> run) {
  caf::anon_send(queue, TaskMessage{std::make_shared<std::function<void()>>(std::move(run))});
}

bool Paging::load() {
  if (keeper_ == nullptr || state_.live.loading_states) return false;
  KeyedStore& keyed = state_.durable.keyed;
  auto missing = std::make_shared<std::vector<std::string>>();
  bool has_loaded = false;
  for (std::string& key : wanted_states(state_, keys_per_read)) {
    auto peeked = keeper_->store().peek(state_.number, key);
    if (peeked.is_known) {
      keyed.loaded(key, std::move(peeked.value));
      has_loaded = true;
    } else {
      missing->push_back(std::move(key));
    }
  }
  if (!has_loaded && !missing->empty()) read_values(std::move(missing));
  return has_loaded;
}

void Paging::read_values(std::shared_ptr<const std::vector<std::string>> keys) {
  state_.live.loading_states = true;
  keeper_->count_misses(keys->size());
  keeper_->post([this, keys = std::move(keys), number = state_.number,
                 self = QueueHandle(self_)](states::StateStore& store) -> Result<void> {
    auto values = std::make_shared<Values>();
    for (const std::string& key : *keys) {
      auto value = store.value(number, key);
      if (!value) return value.error();
      values->emplace_back(key, std::move(*value));
    }
    send_task(self, [this, values] {
      state_.live.loading_states = false;
      for (auto& [key, value] : *values) state_.durable.keyed.loaded(key, std::move(value));
      resume_();
    });
    return {};
  });
}

void Paging::trim() {
  KeyedStore& keyed = state_.durable.keyed;
  if (keeper_ == nullptr || !keyed.is_on_disk()) return;
  keeper_->count_lookups(keyed.take_uses());
  const std::uint64_t bytes_max = state_.limits.state_cache_bytes;
  if (keyed.resident_bytes() <= bytes_max) return;
  // Dirty keys leave room for clean ones, which would otherwise go as soon as they are loaded.
  if (!is_trimming_ && keyed.dirty_bytes() > bytes_max / 2) {
    is_trimming_ = true;
    write(keyed.take_dirty(std::max(bytes_max / 4, write_bytes_min)), true);
  }
  keyed.evict(bytes_max);
}

void Paging::write_all() {
  if (keeper_ == nullptr || !state_.durable.keyed.is_on_disk()) return;
  StateWrite taken = state_.durable.keyed.take_dirty(~std::uint64_t{0});
  if (!taken.keys.empty()) write(std::move(taken), false);
}

void Paging::write(StateWrite taken, bool ends_trim) {
  taken.queue = state_.number;
  taken.keeps_ages = state_.limits.keep_state_us > 0 || state_.limits.keep_history_us > 0;
  keeper_->post([this, ends_trim, taken = std::make_shared<const StateWrite>(std::move(taken)),
                 self = QueueHandle(self_)](states::StateStore& store) -> Result<void> {
    if (auto written = store.write(*taken); !written) return written;
    send_task(self, [this, ends_trim, taken] {
      state_.durable.keyed.written(*taken);
      if (!ends_trim) return;
      is_trimming_ = false;
      resume_();
    });
    return {};
  });
}

void Paging::read(const std::string& key, Promise promise) {
  KeyedStore& keyed = state_.durable.keyed;
  if (!keyed.is_on_disk()) {
    const KeyState* found = keyed.find(key);
    auto reply = std::make_shared<KeyState>();
    if (found != nullptr) *reply = {found->value, found->history, found->timers};
    promise.deliver(KeyReply{found != nullptr ? std::move(reply) : nullptr});
    return;
  }
  MILLRACE_ASSERT(keeper_ != nullptr);
  keeper_->post([this, key, promise, number = state_.number,
                 self = QueueHandle(self_)](states::StateStore& store) -> Result<void> {
    auto stored = store.read(number, key);
    if (!stored) return stored.error();
    send_task(self, [this, key, promise, stored = std::move(*stored)]() mutable {
      auto reply = std::make_shared<KeyState>();
      merge(state_.durable.keyed.find(key), std::move(stored.value), stored.history, *reply);
      const bool is_found = reply->value || !reply->history.empty() || !reply->timers.empty();
      promise.deliver(KeyReply{is_found ? std::move(reply) : nullptr});
    });
    return {};
  });
}

std::optional<SteadyUs> Paging::look_for_aged(Now now) {
  const Limits& limits = state_.limits;
  if (keeper_ == nullptr || !state_.durable.keyed.is_on_disk()) return std::nullopt;
  DurationUs shortest_us = 0;
  for (const DurationUs keep_us : {limits.keep_state_us, limits.keep_history_us}) {
    if (keep_us > 0) shortest_us = shortest_us == 0 ? keep_us : std::min(shortest_us, keep_us);
  }
  if (shortest_us == 0) return std::nullopt;
  if (looks_under_way_ > 0) {
    return now.steady_us + (are_ages_indexed_ ? look_min_us : index_pause_us);
  }
  if (!are_ages_indexed_) {
    index_ages(now);
    return now.steady_us + index_pause_us;
  }
  if (now.steady_us < look_due_us_ && !has_more_aged_) return look_due_us_;
  has_more_aged_ = false;
  look_due_us_ =
      now.steady_us + std::clamp<DurationUs>(shortest_us / 16, look_min_us, look_max_interval_us);
  // Keys that were changed and not written since have no age in the store yet.
  write_all();
  if (limits.keep_state_us > 0) look_for_aged(false, now);
  if (limits.keep_history_us > 0) look_for_aged(true, now);
  return look_due_us_;
}

// Keys may be there from a time when the queue did not forget.
void Paging::index_ages(Now now) {
  write_all();
  ++looks_under_way_;
  const TimeUs age_us = age_now_us(state_, now.wall_us);
  keeper_->post([this, age_us, place = index_place_, number = state_.number,
                 self = QueueHandle(self_)](states::StateStore& store) mutable -> Result<void> {
    const auto indexed = store.index_ages(number, place, age_us, keys_per_index);
    if (!indexed) return indexed.error();
    send_task(self, [this, is_done = *indexed, place] {
      --looks_under_way_;
      are_ages_indexed_ = is_done;
      index_place_ = place;
    });
    return {};
  });
}

void Paging::look_for_aged(bool history_only, Now now) {
  const auto before_us = forget_before_us(state_, history_only, now.wall_us);
  if (!before_us || *before_us <= 0) return;
  ++looks_under_way_;
  keeper_->post([this, history_only, now, before_us = *before_us, number = state_.number,
                 self = QueueHandle(self_)](states::StateStore& store) -> Result<void> {
    auto found = store.aged(number, history_only, before_us, aged_per_look);
    if (!found) return found.error();
    auto aged = std::make_shared<std::vector<AgedState>>();
    for (states::AgedKey& one : *found) aged->push_back({std::move(one.key), one.age_us});
    send_task(self, [this, history_only, now, aged] {
      --looks_under_way_;
      if (state_.live.quiesced || state_.live.draining) return;
      if (aged->size() == aged_per_look) has_more_aged_ = true;
      forget_(decide_forget_keys(state_, *aged, history_only, now.wall_us));
    });
    return {};
  });
}

void Paging::clear() {
  if (keeper_ == nullptr) return;
  keeper_->post(
      [number = state_.number](states::StateStore& store) { return store.clear(number); });
}

}  // namespace millrace::queues
