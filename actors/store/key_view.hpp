// The durable state of one key as a plain value.
#pragma once

#include <string>

#include "actors/queue/state/keyed_store.hpp"
#include "actors/store/durable_view.hpp"

namespace millrace {

[[nodiscard]] KeyView view_key(const std::string& key, const queues::KeyState& state);

}  // namespace millrace
