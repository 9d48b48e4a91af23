#include "actors/store/log_copy.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/base/temporary_directory.hpp"
#include "actors/queue/snapshot/snapshot.hpp"
#include "actors/state_store/copy_files.hpp"
#include "actors/state_store/rocks_table.hpp"
#include "messages/snapshot.pb.h"

namespace millrace {
namespace {

constexpr std::size_t copy_scan_bytes = 1U << 20;

/// Old and new places of the records that a checkpoint names, by old place.
class PlaceTable {
 public:
  void want(logs::Place place) { places_.push_back({place, {}}); }

  /// After the last want().
  void sort() {
    const auto old_place = [](const Moved& a, const Moved& b) {
      return a.from < b.from;
    };
    std::sort(places_.begin(), places_.end(), old_place);
    const auto same = [](const Moved& a, const Moved& b) {
      return a.from == b.from;
    };
    places_.erase(std::unique(places_.begin(), places_.end(), same), places_.end());
  }

  /// Called for each record of the log, in order.
  void note(logs::Place from, logs::Place to) {
    while (next_ < places_.size() && places_[next_].from < from) ++next_;
    if (next_ < places_.size() && places_[next_].from == from) places_[next_].to = to;
  }

  [[nodiscard]] std::optional<logs::Place> find(logs::Place from) const {
    const auto found =
        std::lower_bound(places_.begin(), places_.end(), from,
                         [](const Moved& moved, logs::Place place) { return moved.from < place; });
    if (found == places_.end() || found->from != from || found->to == logs::Place{}) {
      return std::nullopt;
    }
    return found->to;
  }

 private:
  struct Moved {
    logs::Place from{};
    logs::Place to{};
  };

  std::vector<Moved> places_;
  std::size_t next_ = 0;
};

Result<pb::SnapshotPart> parse(std::string_view bytes) {
  pb::SnapshotPart part;
  if (part.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return part;
  return Error{ErrorCode::corrupt, "checkpoint: a part is not a snapshot"};
}

class LogCopy {
 public:
  LogCopy(logs::CopySource& source, logs::CopyTarget& target,
          std::unique_ptr<states::StateStore> states)
      : source_(source), target_(target), states_(std::move(states)) {}

  Result<LogCopyInfo> run() {
    const logs::CopyExtent& extent = source_.extent();
    if (extent.last_lsn == 0) return Error{ErrorCode::not_found, "the log is empty"};
    info_.first_lsn = extent.first_lsn;
    info_.last_lsn = extent.last_lsn;
    if (auto found = find_places(); !found) return found.error();
    if (auto copied = copy_records(); !copied) return copied.error();
    if (extent.replay_from) {
      const auto written = target_.write_checkpoint(
          *extent.replay_from,
          [this](logs::CheckpointWriter& writer) { return fill_checkpoint(writer); });
      if (!written) return written.error();
    }
    if (auto prepared = target_.prepare(); !prepared) return prepared.error();
    return info_;
  }

 private:
  // Also opens the store of keyed states, if the checkpoint names one.
  Result<void> find_places() {
    const auto visited = source_.visit_checkpoint(
        [this](logs::Section /*section*/, std::string_view bytes) -> Result<void> {
          const auto part = parse(bytes);
          if (!part) return part.error();
          if (part->has_state_copy()) return open_states(part->state_copy());
          std::uint64_t place = 0;
          for (const std::int64_t step : part->messages().place_step()) {
            place += static_cast<std::uint64_t>(step);
            places_.want(logs::Place{place});
            ++info_.messages;
          }
          return {};
        });
    if (!visited) return visited;
    places_.sort();
    return {};
  }

  Result<void> open_states(const pb::StateCopy& named) {
    if (source_.files() != nullptr) {
      if (auto fetched = fetch_states(*source_.files(), named); !fetched) return fetched;
    }
    if (states_ == nullptr) {
      return Error{ErrorCode::invalid_argument,
                   "the checkpoint names a store of keyed states, which is not here"};
    }
    copy_ = states::Copy{named.number(), named.id()};
    if (auto opened = states_->open(copy_); !opened) return opened;
    const auto newest = states_->newest();
    if (!newest) return newest.error();
    if (*newest <= info_.last_lsn) return {};
    return Error{ErrorCode::corrupt, "the store of keyed states has effects of record " +
                                         std::to_string(*newest) + ", and the log ends with " +
                                         std::to_string(info_.last_lsn)};
  }

  Result<void> fetch_states(logs::FileStore& store, const pb::StateCopy& named) {
    auto made = TemporaryDirectory::make("millrace-states-");
    if (!made) return made.error();
    directory_ = *std::move(made);
    states::CopyFiles copies(directory_->path());
    copies.use(store);
    std::vector<states::CopyFile> files;
    for (const pb::StateCopy::File& file : named.file()) {
      files.push_back({file.name(), file.number(), file.bytes(), file.hash()});
    }
    states_ = std::make_unique<states::StateStore>(
        states::make_rocks_table(directory_->path(), logs::Opener::reader));
    return copies.fetch(named.number(), files, false);
  }

  Result<void> copy_records() {
    const auto visited = source_.visit_records([this](const logs::Frame& frame) -> Result<void> {
      const auto place = target_.add(frame);
      if (!place) return place.error();
      places_.note(frame.place, *place);
      ++info_.records;
      info_.bytes += frame.body.size();
      return {};
    });
    if (!visited) return visited;
    if (info_.records == info_.last_lsn - info_.first_lsn + 1) return {};
    return Error{ErrorCode::corrupt, "the log changed while it was copied"};
  }

  Result<void> fill_checkpoint(logs::CheckpointWriter& writer) {
    return source_.visit_checkpoint(
        [&](logs::Section section, std::string_view bytes) -> Result<void> {
          auto part = parse(bytes);
          if (!part) return part.error();
          if (part->has_state_copy()) return {};
          if (part->has_messages()) {
            if (auto moved = translate(*part->mutable_messages()); !moved) return moved;
            return writer.add(section, part->SerializeAsString());
          }
          if (!part->has_head() || !part->head().stored()) return writer.add(section, bytes);
          part->mutable_head()->set_stored(false);
          if (auto added = writer.add(section, part->SerializeAsString()); !added) return added;
          return add_keys(part->head().declaration().number(), section, writer);
        });
  }

  Result<void> translate(pb::MessageColumns& columns) const {
    std::uint64_t from = 0;
    std::uint64_t before = 0;
    for (int i = 0; i < columns.place_step_size(); ++i) {
      from += static_cast<std::uint64_t>(columns.place_step(i));
      const auto found = places_.find(logs::Place{from});
      if (!found) {
        return Error{ErrorCode::corrupt, "the checkpoint names a record in segment " +
                                             std::to_string(logs::segment_of(logs::Place{from})) +
                                             ", position " +
                                             std::to_string(logs::offset_of(logs::Place{from})) +
                                             ", which the log does not have"};
      }
      const auto to = static_cast<std::uint64_t>(*found);
      columns.set_place_step(i, static_cast<std::int64_t>(to - before));
      before = to;
    }
    return {};
  }

  // The keys of a queue in the store, as of the checkpoint; values may be of later records, which a replay
  // sets again.
  Result<void> add_keys(std::uint32_t queue, logs::Section section,
                        logs::CheckpointWriter& writer) {
    if (!copy_) return Error{ErrorCode::corrupt, "checkpoint: keys are in no store"};
    Result<void> added;
    const queues::SnapshotSink sink = [&](std::string part) {
      if (added) added = writer.add(section, part);
    };
    queues::KeyWriter keys(queues::PartSize{}.bytes, sink);
    states::ScanPlace place;
    std::string continued;  // the key that was written last
    while (!place.is_end && added) {
      auto page = states_->scan(queue, place, copy_scan_bytes);
      if (!page) return page.error();
      for (const states::KeyPiece& piece : *page) {
        std::string history;
        for (const queues::HistoryPart& entries : piece.history) {
          if (entries.lsn <= copy_->number) history += *entries.entries;
        }
        if (piece.value == nullptr && history.empty()) continue;
        keys.add(piece.key, piece.value.get(), history, piece.age_us,
                 piece.continues && continued == piece.key);
        continued = piece.key;
      }
    }
    keys.finish();
    return added;
  }

  logs::CopySource& source_;
  logs::CopyTarget& target_;
  std::optional<TemporaryDirectory> directory_;  ///< of the states, if the source keeps their files
  std::unique_ptr<states::StateStore> states_;
  std::optional<states::Copy> copy_;  ///< that the checkpoint names
  PlaceTable places_;
  LogCopyInfo info_;
};

}  // namespace

Result<LogCopyInfo> copy_log(logs::CopySource& source, logs::CopyTarget& target,
                             std::unique_ptr<states::StateStore> states) {
  return LogCopy(source, target, std::move(states)).run();
}

}  // namespace millrace
