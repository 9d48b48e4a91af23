#include "apps/audit/audit.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "apps/audit/check/cluster_check.hpp"
#include "apps/audit/disk/directory_log.hpp"

namespace millrace::audit {
namespace {

// The message of `change` with the index of a Queued; null: there is none.
const pb::Envelope* message_at(const pb::Change& change, std::uint32_t index) {
  const auto at = static_cast<int>(index & (installed_bit - 1));
  if ((index & relocated_bit) != 0) {
    return at < change.relocation_size() ? &change.relocation(at).envelope() : nullptr;
  }
  if ((index & installed_bit) != 0) {
    return at < change.install().body_size() ? &change.install().body(at) : nullptr;
  }
  return at < change.append_size() ? &change.append(at) : nullptr;
}

/// The audit of one directory by itself.
class DirectoryAudit {
 public:
  DirectoryAudit(Directory& directory, bool keep_numbers, Report& report)
      : directory_(directory), log_(*directory.log), keep_numbers_(keep_numbers), report_(report) {}

  Result<void> run() {
    for (const Problem& problem : log_.problems()) {
      fail(About::files, problem.file, 0, 0, problem.text);
    }
    report_.count(About::files, log_.parts());
    if (auto read = read_checkpoints(); !read) return read;
    if (auto read = replay(); !read) return read;
    if (!directory_.is_whole) {
      report_.note(About::bodies, log_.where() + ": not checked, as its log is damaged");
      return {};
    }
    if (auto compared = compare_newest_keys(); !compared) return compared;
    check_queues();
    return check_bodies();
  }

 private:
  void fail(About about, std::string file, std::uint64_t offset, std::uint64_t record,
            std::string text) {
    report_.fail(about, {log_.where(), std::move(file), offset, record, std::move(text)});
  }

  Result<void> read_checkpoints() {
    for (const std::uint64_t number : log_.checkpoints()) {
      report_.count(About::checkpoints);
      const auto read = log_.read_checkpoint(number, [](std::string_view) {});
      if (!read) return read.error();
      if (read->damage) {
        fail(About::checkpoints, log_.checkpoint_name(number), read->damage->offset, 0,
             read->damage->text);
      } else {
        intact_.push_back(read->header);
      }
    }
    return {};
  }

  Witness witness(std::uint64_t replay_from) const {
    Witness out{.replay_from = replay_from};
    for (const CheckpointHeader& one : intact_) {
      if (one.durable <= out.durable) continue;
      out.durable = one.durable;
      out.stated_by = log_.checkpoint_name(one.number);
    }
    const auto stated = log_.stated_end();
    if (stated && stated->durable > out.durable) {
      out.durable = stated->durable;
      out.stated_by = stated->stated_by;
    }
    return out;
  }

  Result<void> load(Model& model, std::uint64_t number) {
    const std::string name = log_.checkpoint_name(number);
    const auto read = log_.read_checkpoint(number, [&](std::string_view entry) {
      model.load(entry,
                 [&](About about, std::string text) { fail(about, name, 0, 0, std::move(text)); });
    });
    if (!read) return read.error();
    return {};
  }

  // Loads the keys of the copy that the checkpoint in `model` names, if it names one: as of the
  // checkpoint, but for values of later records, which the replay sets again.
  Result<void> load_keys(Model& model, std::uint64_t before) {
    const auto copy = model.state_copy();
    if (!copy) return {};
    report_.count(About::states);
    const std::string name = "state of record " + std::to_string(copy->number);
    const Complain complain = [&](About about, std::string text) {
      fail(about, name, 0, 0, std::move(text));
    };
    const auto wrong = log_.read_state_copy(
        copy->number, copy->id, [&](const StateItem& item, std::string_view bytes) {
          if (!item.is_history) return model.load_value(item.queue, item.key, bytes, complain);
          if (item.lsn < before) model.load_history(item.queue, item.key, bytes, complain);
        });
    if (!wrong) return wrong.error();
    if (!wrong->empty()) fail(About::checkpoints, name, 0, copy->number, *wrong);
    return {};
  }

  // The keys of the newest checkpoint that no later record has changed.
  Result<void> compare_newest_keys() {
    if (intact_.empty() || intact_.back().replay_from > directory_.last_lsn + 1) return {};
    Model model(false);
    const CheckpointHeader& newest = intact_.back();
    if (auto loaded = load(model, newest.number); !loaded) return loaded;
    if (!model.state_copy()) return {};
    if (auto loaded = load_keys(model, newest.replay_from); !loaded) return loaded;
    const std::string text = directory_.model.difference_of_copy(model, newest.replay_from - 1);
    if (text.empty()) return {};
    fail(About::checkpoints, "state of record " + std::to_string(newest.replay_from - 1), 0,
         newest.replay_from - 1, "differs from the records before it: " + text);
    return {};
  }

  // Replays from the beginning if the log still has it, or else from the oldest checkpoint that the
  // log reaches back to; so that later checkpoints can be compared.
  Result<void> replay() {
    const auto first = log_.first_lsn();
    if (!first) return first.error();
    std::uint64_t from = 1;
    std::size_t next = 0;  // checkpoint to compare with
    if (*first != 1 && !intact_.empty()) {
      while (next + 1 < intact_.size() && intact_[next].replay_from < *first) ++next;
      from = intact_[next].replay_from;
      if (auto loaded = load(directory_.model, intact_[next].number); !loaded) return loaded;
      if (auto loaded = load_keys(directory_.model, from); !loaded) return loaded;
      ++next;
    }
    Result<void> compared;
    const auto compare_up_to = [&](std::uint64_t lsn) {
      for (; compared && next < intact_.size() && intact_[next].replay_from <= lsn; ++next) {
        if (intact_[next].replay_from == lsn) compared = compare(intact_[next]);
      }
    };
    const auto extent = log_.read(witness(from), [&](const LogRecord& record) {
      if (record.lsn < from) return;
      compare_up_to(record.lsn);
      apply(record);
    });
    if (!extent) return extent.error();
    if (!extent->is_damaged) compare_up_to(extent->last_lsn + 1);
    if (!compared) return compared;
    report_.count(About::records, extent->frames);
    directory_.last_lsn = extent->last_lsn;
    directory_.is_whole = !extent->is_damaged;
    for (const Damage& damage : extent->damage) {
      fail(About::records, damage.file, damage.offset, damage.record, damage.text);
    }
    return {};
  }

  void apply(const LogRecord& record) {
    const Complain complain = [&](About about, std::string text) {
      const auto segment = static_cast<std::uint32_t>(record.place >> 32);
      fail(about, log_.segment_name(segment), record.place & 0xffffffff, record.lsn,
           std::move(text));
    };
    directory_.model.apply(record.lsn, record.place, record.body, report_, complain);
  }

  Result<void> compare(const CheckpointHeader& checkpoint) {
    report_.count(About::checkpoints);
    Model model(false);
    if (auto loaded = load(model, checkpoint.number); !loaded) return loaded;
    const std::string text = difference(directory_.model, model);
    if (!text.empty()) {
      fail(About::checkpoints, log_.checkpoint_name(checkpoint.number), 0,
           checkpoint.replay_from - 1, "differs from the records before it: " + text);
    }
    return {};
  }

  void check_queues() {
    for (auto& [number, queue] : directory_.model.queues()) {
      const Counts& counts = queue.counts;
      const std::uint64_t out = counts.acked + counts.dead + counts.dropped + queue.queued.size();
      if (counts.offered != out) {
        fail(About::messages, {}, 0, 0,
             queue.title() + ": offered " + std::to_string(counts.offered) +
                 "; acked, dead, dropped and queued are " + std::to_string(out));
      }
      auto& appended = queue.appended;
      std::sort(appended.begin(), appended.end());
      for (std::size_t i = 1; i < appended.size(); ++i) {
        if (!(appended[i].first == appended[i - 1].first)) continue;
        fail(About::messages, {}, 0, appended[i].second,
             queue.title() + ": the message of record " + std::to_string(appended[i - 1].second) +
                 " is appended again");
      }
      if (!keep_numbers_) {
        appended.clear();
        appended.shrink_to_fit();
      }
    }
  }

  struct Wanted {
    Place place;
    std::uint32_t number;  // of the queue
    std::uint64_t sequence;
    Queued* message;
  };

  Result<void> check_bodies() {
    std::vector<Wanted> wanted;
    for (auto& [number, queue] : directory_.model.queues()) {
      for (auto& [sequence, message] : queue.queued) {
        wanted.push_back({message.place, number, sequence, &message});
      }
    }
    std::sort(wanted.begin(), wanted.end(),
              [](const Wanted& a, const Wanted& b) { return a.place < b.place; });
    std::vector<Place> places;
    for (const Wanted& one : wanted) {
      if (places.empty() || places.back() != one.place) places.push_back(one.place);
    }
    report_.count(About::bodies, wanted.size());
    auto next = wanted.begin();
    return log_.read_at(places, [&](std::size_t i, const std::optional<LogRecord>& found) {
      pb::Record record;
      const bool is_read =
          found && record.ParseFromArray(found->body.data(), static_cast<int>(found->body.size()));
      for (; next != wanted.end() && next->place == places[i]; ++next) {
        check_body(is_read ? &record : nullptr, *next);
      }
    });
  }

  void check_body(const pb::Record* record, const Wanted& wanted) {
    const pb::Envelope* body = nullptr;
    for (int i = 0; record != nullptr && i < record->change_size(); ++i) {
      if (record->change(i).queue() != wanted.number) continue;
      body = message_at(record->change(i), wanted.message->index);
    }
    if (body != nullptr && body->payload().size() + body->key().size() == wanted.message->bytes) {
      wanted.message->key = body->key();
      return;
    }
    fail(About::bodies, log_.segment_name(static_cast<std::uint32_t>(wanted.place >> 32)),
         wanted.place & 0xffffffff, 0,
         directory_.model.queues().at(wanted.number).title() + ": the body of message " +
             std::to_string(wanted.sequence) + " is not here");
  }

  Directory& directory_;
  NodeLog& log_;
  const bool keep_numbers_;
  Report& report_;
  std::vector<CheckpointHeader> intact_;  ///< by number
};

}  // namespace

Result<Audit> audit(std::vector<std::unique_ptr<NodeLog>> logs) {
  Audit out;
  const bool keep_numbers = logs.size() > 1;
  for (std::unique_ptr<NodeLog>& log : logs) {
    out.directories.push_back(
        std::make_unique<Directory>(Directory{std::move(log), Model(keep_numbers), 0, true}));
    if (auto done = DirectoryAudit(*out.directories.back(), keep_numbers, out.report).run();
        !done) {
      return done.error();
    }
  }
  std::vector<DirectoryView> views;
  for (const auto& one : out.directories) {
    views.push_back({one->log->where(), &one->model, one->is_whole});
  }
  check_outboxes(views, out.report);
  check_ownership(views, out.report);
  return out;
}

Result<Audit> audit(std::span<const std::filesystem::path> paths) {
  std::vector<std::unique_ptr<NodeLog>> logs;
  for (const std::filesystem::path& path : paths) {
    auto log = open_directory(path);
    if (!log) return log.error();
    logs.push_back(*std::move(log));
  }
  return audit(std::move(logs));
}

}  // namespace millrace::audit
