#include "actors/state_store/state_store.hpp"

#include <algorithm>
#include <utility>

#include "actors/state_store/item_key.hpp"

namespace millrace::states {
namespace {

using queues::HistoryPart;
using queues::KeyWrite;

const std::string& id_item() {
  static const std::string item = store_item("id");
  return item;
}

const std::string& newest_item() {
  static const std::string item = store_item("newest");
  return item;
}

std::string name_of(const Copy& copy) {
  return "the keyed state as of record " + std::to_string(copy.number);
}

Error not_an_item() {
  return {ErrorCode::corrupt, "the keyed state on disk holds an item of an unknown form"};
}

std::shared_ptr<const std::string> shared(std::string_view bytes) {
  return std::make_shared<const std::string>(bytes);
}

// Entries of histories count their size and this.
constexpr std::size_t piece_overhead = 64;

}  // namespace

Result<void> StateStore::open(const std::optional<Copy>& copy) {
  first_aged_.clear();
  if (!copy) return table_->open(std::nullopt);
  auto opened = table_->open(copy->number);
  if (!opened && opened.error().code == ErrorCode::not_found) {
    return Error{ErrorCode::corrupt, name_of(*copy) + " is missing, which the checkpoint needs: " +
                                         opened.error().message};
  }
  if (!opened) return opened;
  const auto id = table_->get(id_item());
  if (!id) return id.error();
  if (!*id || parse_number(**id) != copy->id) {
    return Error{ErrorCode::corrupt,
                 name_of(*copy) + " belongs to another checkpoint, node or copy of the directory"};
  }
  return {};
}

Result<logs::Lsn> StateStore::newest() {
  const auto bytes = table_->get(newest_item());
  if (!bytes) return bytes.error();
  if (!*bytes) return logs::Lsn{0};
  const auto number = parse_number(**bytes);
  if (!number) return not_an_item();
  return *number;
}

Result<void> StateStore::write(const queues::StateWrite& write) {
  if (write.keys.empty()) return {};
  Batch batch;
  auto& items = batch.items;
  for (const KeyWrite& key : write.keys) {
    if (key.next == KeyWrite::Value::set) {
      items.emplace_back(value_item(write.queue, key.key), *key.value);
    } else if (key.next == KeyWrite::Value::none) {
      items.emplace_back(value_item(write.queue, key.key), std::nullopt);
    }
    if (key.forgotten != 0) {
      const auto visited = table_->visit(history_item(write.queue, key.key, 0),
                                         history_item(write.queue, key.key, key.forgotten + 1),
                                         [&items](std::string_view item, std::string_view) {
                                           items.emplace_back(std::string(item), std::nullopt);
                                           return true;
                                         });
      if (!visited) return visited;
    }
    for (const HistoryPart& part : key.history) {
      items.emplace_back(history_item(write.queue, key.key, part.lsn), *part.entries);
    }
    if (auto added = add_ages(write, key, batch); !added) return added;
  }
  if (!write.keeps_ages) items.emplace_back(aged_mark(write.queue), std::nullopt);
  const auto before = newest();
  if (!before) return before.error();
  items.emplace_back(newest_item(), number_bytes(std::max(*before, write.lsn)));
  return table_->write(batch);
}

Result<void> StateStore::add_ages(const queues::StateWrite& write, const KeyWrite& key,
                                  Batch& batch) {
  const std::string item = age_item(write.queue, key.key);
  const bool is_gone =
      key.next == KeyWrite::Value::none && key.forgotten != 0 && key.history.empty();
  if (key.age_us < 0) {
    const auto age = table_->get(item);
    if (!age) return age.error();
    const auto number = *age ? parse_number(**age) : std::nullopt;
    if (number) {
      batch.items.emplace_back(aged_item(write.queue, true, static_cast<TimeUs>(*number), key.key),
                               std::nullopt);
    }
  } else if (is_gone) {
    batch.items.emplace_back(item, std::nullopt);
  } else {
    batch.items.emplace_back(item, number_bytes(static_cast<std::uint64_t>(key.age_us)));
    if (!write.keeps_ages) return {};
    for (const bool of_history : {false, true}) {
      add_aged_item(write.queue, of_history, key.age_us, key.key, batch);
    }
  }
  return {};
}

void StateStore::add_aged_item(std::uint32_t queue, bool of_history, TimeUs age_us,
                               std::string_view key, Batch& batch) {
  std::string item = aged_item(queue, of_history, age_us, key);
  const auto first = first_aged_.find({queue, of_history});
  if (first != first_aged_.end() && item < first->second) first->second = item;
  batch.items.emplace_back(std::move(item), std::string());
}

StateStore::PeekedValue StateStore::peek(std::uint32_t queue, std::string_view key) {
  Table::Peeked peeked = table_->peek(value_item(queue, key));
  PeekedValue out{peeked.is_known};
  if (peeked.value) out.value = std::make_shared<const std::string>(std::move(*peeked.value));
  return out;
}

Result<std::shared_ptr<const std::string>> StateStore::value(std::uint32_t queue,
                                                             std::string_view key) {
  auto bytes = table_->get(value_item(queue, key));
  if (!bytes) return bytes.error();
  if (!*bytes) return std::shared_ptr<const std::string>();
  return std::make_shared<const std::string>(std::move(**bytes));
}

Result<StoredKey> StateStore::read(std::uint32_t queue, std::string_view key) {
  StoredKey out;
  bool is_valid = true;
  const std::string prefix = key_prefix(queue, key);
  const auto visited =
      table_->visit(prefix, end_of(prefix), [&](std::string_view item, std::string_view bytes) {
        const auto parsed = parse_key_item(item);
        if (!parsed) return is_valid = false;
        if (parsed->kind == 'b') out.value = shared(bytes);
        if (parsed->kind == 'h') out.history.push_back({parsed->lsn, shared(bytes)});
        return true;
      });
  if (!visited) return visited.error();
  if (!is_valid) return not_an_item();
  return out;
}

Result<std::vector<KeyPiece>> StateStore::scan(std::uint32_t queue, ScanPlace& place,
                                               std::size_t bytes_max) {
  std::vector<KeyPiece> pieces;
  if (place.is_end) return pieces;
  std::string from = queue_prefix(queue);
  if (place.is_within) {
    from = history_item(queue, place.key, place.after + 1);
  } else if (!place.key.empty()) {
    from = end_of(key_prefix(queue, place.key));
  }
  const bool was_within = place.is_within;
  std::size_t bytes = 0;
  bool is_valid = true;
  bool is_full = false;
  const auto visit = [&](std::string_view item, std::string_view value) {
    auto parsed = parse_key_item(item);
    if (!parsed) return is_valid = false;
    const bool is_new = pieces.empty() || pieces.back().key != parsed->key;
    if (bytes >= bytes_max && (is_new || parsed->kind == 'h')) {
      is_full = true;
      place.is_within = !is_new;
      return false;
    }
    if (is_new) {
      bytes += parsed->key.size() + piece_overhead;
      const bool continues = pieces.empty() && was_within && parsed->key == place.key;
      pieces.push_back({parsed->key, continues});
    }
    bytes += value.size() + piece_overhead;
    if (parsed->kind == 'a') {
      pieces.back().age_us = static_cast<TimeUs>(parse_number(value).value_or(0));
    }
    if (parsed->kind == 'b') pieces.back().value = shared(value);
    if (parsed->kind == 'h') pieces.back().history.push_back({parsed->lsn, shared(value)});
    return true;
  };
  const auto visited = table_->visit(from, end_of(queue_prefix(queue)), visit);
  if (!visited) return visited.error();
  if (!is_valid) return not_an_item();
  if (!is_full) {
    place = {.is_end = true};
    return pieces;
  }
  place.key = pieces.back().key;
  place.after = pieces.back().history.empty() ? 0 : pieces.back().history.back().lsn;
  return pieces;
}

Result<std::vector<AgedKey>> StateStore::aged(std::uint32_t queue, bool of_history,
                                              TimeUs before_us, std::size_t max) {
  constexpr std::size_t looked_at_max = 16;  // for each key that is asked for
  std::vector<AgedItem> seen;
  bool is_valid = true;
  if (before_us <= 0) return std::vector<AgedKey>();
  std::string& first =
      first_aged_.try_emplace({queue, of_history}, age_prefix(queue, of_history)).first->second;
  const std::string end = aged_item(queue, of_history, before_us, {});
  if (end <= first) return std::vector<AgedKey>();
  const auto visited = table_->visit(first, end, [&](std::string_view item, std::string_view) {
    auto parsed = parse_aged_item(item);
    if (!parsed) return is_valid = false;
    seen.push_back(std::move(*parsed));
    return seen.size() < looked_at_max * max;
  });
  if (!visited) return visited.error();
  if (!is_valid) return not_an_item();
  first = seen.empty() ? end : aged_item(queue, of_history, seen.front().age_us, seen.front().key);
  std::vector<AgedKey> out;
  Batch outdated;
  for (AgedItem& one : seen) {
    if (out.size() >= max) break;
    const auto age = table_->get(age_item(queue, one.key));
    if (!age) return age.error();
    if (*age && parse_number(**age) == static_cast<std::uint64_t>(one.age_us)) {
      out.push_back({std::move(one.key), one.age_us});
    } else {
      outdated.items.emplace_back(aged_item(queue, of_history, one.age_us, one.key), std::nullopt);
    }
  }
  if (!outdated.items.empty()) {
    if (auto written = table_->write(outdated); !written) return written.error();
  }
  return out;
}

Result<bool> StateStore::index_ages(std::uint32_t queue, ScanPlace& place, TimeUs age_us,
                                    std::size_t max) {
  const auto mark = table_->get(aged_mark(queue));
  if (!mark) return mark.error();
  if (*mark) return true;
  std::string from = queue_prefix(queue);
  if (!place.key.empty()) from = end_of(key_prefix(queue, place.key));
  Batch batch;
  std::size_t keys = 0;
  bool is_valid = true;
  bool is_full = false;
  // The first item of a key is its age, if it has one.
  const auto visited = table_->visit(
      from, end_of(queue_prefix(queue)), [&](std::string_view item, std::string_view value) {
        auto parsed = parse_key_item(item);
        if (!parsed) return is_valid = false;
        if (keys > 0 && parsed->key == place.key) return true;
        if (keys == max) {
          is_full = true;
          return false;
        }
        ++keys;
        const auto known = parsed->kind == 'a' ? parse_number(value) : std::nullopt;
        const TimeUs age = known ? static_cast<TimeUs>(*known) : std::max<TimeUs>(age_us, 0);
        if (!known) {
          batch.items.emplace_back(age_item(queue, parsed->key),
                                   number_bytes(static_cast<std::uint64_t>(age)));
        }
        for (const bool of_history : {false, true}) {
          add_aged_item(queue, of_history, age, parsed->key, batch);
        }
        place.key = std::move(parsed->key);
        return true;
      });
  if (!visited) return visited.error();
  if (!is_valid) return not_an_item();
  if (!is_full) batch.items.emplace_back(aged_mark(queue), std::string());
  if (auto written = table_->write(batch); !written) return written.error();
  place.is_end = !is_full;
  return !is_full;
}

Result<void> StateStore::remove_queue(std::uint32_t queue) {
  Batch batch;
  for (const std::string& prefix :
       {queue_prefix(queue), age_prefix(queue, false), age_prefix(queue, true)}) {
    batch.removed_ranges.emplace_back(prefix, end_of(prefix));
  }
  return table_->write(batch);
}

Result<void> StateStore::clear(std::uint32_t queue) {
  bool is_empty = true;
  for (const std::string& prefix :
       {queue_prefix(queue), age_prefix(queue, false), age_prefix(queue, true)}) {
    const auto visited =
        table_->visit(prefix, end_of(prefix),
                      [&is_empty](std::string_view, std::string_view) { return is_empty = false; });
    if (!visited) return visited;
  }
  if (is_empty) return {};
  return remove_queue(queue);
}

Result<void> StateStore::clear_others(const std::set<std::uint32_t>& queues) {
  std::string from = queue_prefix(0);
  while (true) {
    std::optional<KeyItem> found;
    bool is_any = false;
    const auto visited = table_->visit(from, end_of("k"), [&](std::string_view item, auto) {
      is_any = true;
      found = parse_key_item(item);
      return false;
    });
    if (!visited) return visited;
    if (!is_any) return {};
    if (!found) return not_an_item();
    if (!queues.contains(found->queue)) {
      if (auto removed = remove_queue(found->queue); !removed) return removed;
    }
    from = end_of(queue_prefix(found->queue));
  }
}

Result<Copy> StateStore::save(logs::Lsn number, std::uint64_t id) {
  Batch batch;
  batch.items.emplace_back(id_item(), number_bytes(id));
  if (auto written = table_->write(batch); !written) return written.error();
  if (auto saved = table_->save(number); !saved) return saved.error();
  return Copy{number, id};
}

Result<void> StateStore::remove_later(const Copy& copy) {
  const auto numbers = table_->saved();
  if (!numbers) return numbers.error();
  for (const std::uint64_t number : *numbers) {
    if (number <= copy.number) continue;
    if (auto removed = table_->remove(number); !removed) return removed;
  }
  return {};
}

Result<void> StateStore::keep(const Copy& newest) {
  const auto numbers = table_->saved();
  if (!numbers) return numbers.error();
  const auto at = std::lower_bound(numbers->begin(), numbers->end(), newest.number);
  for (auto it = numbers->begin(); it != numbers->end(); ++it) {
    if (it == at || (at != numbers->begin() && it == at - 1)) continue;
    if (auto removed = table_->remove(*it); !removed) return removed;
  }
  return {};
}

}  // namespace millrace::states
