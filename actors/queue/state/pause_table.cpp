#include "actors/queue/state/pause_table.hpp"

namespace millrace::queues {

void write_pause(pb::PauseChange& out, const std::string& key, const Pause& pause) {
  if (!key.empty()) out.set_key(key);
  pb::Pause& written = *out.mutable_pause();
  written.set_since_us(pause.since_us);
  written.set_until_us(pause.until_us);
  written.set_for_us(pause.for_us);
  written.set_reason(pause.reason);
  written.set_by(pause.by);
}

Pause read_pause(const pb::Pause& pause) {
  return {.since_us = pause.since_us(),
          .until_us = pause.until_us(),
          .for_us = pause.for_us(),
          .reason = pause.reason(),
          .by = pause.by()};
}

}  // namespace millrace::queues
