// Builds a staged queue from a queue as a move does: chunk by chunk, each chunk one record.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/queue/decide/apply.hpp"
#include "actors/queue/move/source.hpp"
#include "actors/queue/move/target.hpp"
#include "actors/queue/snapshot/snapshot.hpp"

namespace millrace::queues {

using ReadBody = std::function<Body(logs::Place, std::uint32_t index)>;

/// All of `state` up to its last message, as the exporter cuts it.
[[nodiscard]] inline std::vector<pb::Install> chunks_of(const State& state, const ReadBody& read) {
  std::vector<std::string> parts;
  write_snapshot_frame(state, {.bytes = 100, .entries = 3},
                       [&parts](std::string part) { parts.push_back(std::move(part)); });
  std::vector<pb::Install> chunks(1);
  chunks[0].set_part(parts[0]);
  for (Sequence from = 0;;) {
    const MovedPage copied = page_to_move(state, from, state.durable.last);
    if (!copied.page.messages.empty()) {
      pb::Install& chunk = chunks.emplace_back();
      chunk.set_part(copied.columns);
      for (const PageEntry& one : copied.page.messages) {
        *chunk.add_body() = one.body ? *one.body : *read(one.place, one.index);
      }
    }
    from = copied.page.next;
    if (from == 0) break;
  }
  for (std::size_t i = 1; i < parts.size(); ++i) chunks.emplace_back().set_part(parts[i]);
  return chunks;
}

/// A staged queue and the records from which it was built.
class CopiedQueue {
 public:
  static constexpr QueueNumber number = 9;

  explicit CopiedQueue(const State& original) {
    pb::Declaration declaration = *original.declaration;
    declaration.set_number(number);
    declaration.set_staged(true);
    declare(state, declaration);
    state.limits = original.limits;
    state.dead_letters = original.dead_letters;
  }

  Result<void> install(const pb::Install& chunk, TimeUs at_us) {
    if (auto checked = check_install(state, chunk); !checked) return checked;
    pb::Record record;
    record.set_at_us(at_us);
    record.add_change()->set_queue(number);
    *record.mutable_change(0)->mutable_install() = chunk;
    records.push_back(std::make_shared<const pb::Record>(std::move(record)));
    apply(state,
          {records.back(), logs::make_place(1, static_cast<std::uint32_t>(records.size() - 1))},
          records.back()->change(0));
    return {};
  }

  State state;
  std::vector<std::shared_ptr<const pb::Record>> records;
};

}  // namespace millrace::queues
