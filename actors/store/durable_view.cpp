#include "actors/store/durable_view.hpp"

#include <utility>

#include "actors/queue/state/keyed_store.hpp"

namespace millrace {

KeyView view_key(const std::string& name, const queues::KeyState& state) {
  KeyView view;
  view.key = name;
  view.has_value = state.value != nullptr;
  if (state.value) view.value = *state.value;
  for (pb::HistoryEntry& entry : queues::KeyedStore::parse_history(state.history)) {
    view.history.push_back({entry.input(), entry.at_us(), std::move(*entry.mutable_value())});
  }
  return view;
}

}  // namespace millrace
