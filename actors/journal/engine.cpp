#include "actors/journal/engine.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "actors/journal/backup/backup.hpp"
#include "actors/journal/journal.hpp"
#include "actors/journal/moved_mark.hpp"
#include "actors/journal/read/cold_reader.hpp"
#include "actors/journal/read/segment_table.hpp"
#include "actors/journal/recovery.hpp"

namespace millrace::journal {
namespace {

std::string utc(std::int64_t at_us) {
  const auto at_s = static_cast<std::time_t>(at_us / 1'000'000);
  std::tm parts{};
  std::array<char, 32> text{};
  if (gmtime_r(&at_s, &parts) == nullptr) return "an unknown time";
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

std::string restored_text(const DataDirectory& directory, const Manifest& manifest) {
  const std::string& node = manifest.identity.node;
  return directory.path().string() + " was restored from a backup of " +
         (node.empty() ? "a stopped node" : "node " + node) + " up to record " +
         std::to_string(manifest.last_lsn) + ", made at " + utc(manifest.at_us) +
         ": what it confirmed later is not here. Nodes that remember more of it refuse it";
}

class OpenedJournal final : public logs::OpenedLog {
 public:
  OpenedJournal(DataDirectory directory, const Options& options)
      : directory_(std::move(directory)), options_(options) {}

  Result<logs::Recovered> recover(const EntryVisitor& on_entry,
                                  const FrameVisitor& on_frame) override {
    Result<Recovered> read = journal::recover(directory_, on_entry, on_frame);
    if (!read) return read.error();
    recovered_ = *std::move(read);
    logs::Recovered recovered{.last_lsn = recovered_.end.last_lsn,
                              .replay_from = recovered_.start.replay_from,
                              .has_checkpoint = recovered_.checkpoint.has_value(),
                              .warnings = {}};
    if (const auto manifest = restored_from(directory_)) {
      recovered.warnings.push_back(restored_text(directory_, *manifest));
    }
    for (const Error& damaged : recovered_.damaged) {
      recovered.warnings.push_back("a damaged checkpoint was skipped for an older one: " +
                                   damaged.message);
    }
    return recovered;
  }

  Result<void> read(std::span<const Place> places, const PlaceVisitor& visit) override {
    if (!segments_) {
      segments_.emplace(directory_, recovered_.end.live, Access::buffered);
      reader_.emplace(*segments_);
    }
    return reader_->read(places, visit);
  }

  Result<std::unique_ptr<logs::Log>> start(Listener& listener) override {
    reader_.reset();
    segments_.reset();
    Result<std::unique_ptr<Journal>> started =
        Journal::start(std::move(directory_), recovered_, options_, listener);
    if (!started) return started.error();
    return std::unique_ptr<logs::Log>(*std::move(started));
  }

 private:
  DataDirectory directory_;
  const Options options_;
  Recovered recovered_;
  std::optional<SegmentTable> segments_;  ///< of read(); empty before the first call
  std::optional<ColdReader> reader_;
};

}  // namespace

JournalEngine::JournalEngine(std::filesystem::path data_dir, const Options& options,
                             FileSystem& files)
    : data_dir_(std::move(data_dir)), options_(options), files_(files) {}

Result<std::unique_ptr<logs::OpenedLog>> JournalEngine::open(logs::Opener opener) {
  if (opener == logs::Opener::writer) {
    const auto moved = moved_to(files_, data_dir_);
    if (!moved) return moved.error();
    if (*moved) return moved_error(data_dir_, **moved);
  }
  Result<DataDirectory> directory = DataDirectory::open(files_, data_dir_, opener);
  if (!directory) return directory.error();
  return std::unique_ptr<logs::OpenedLog>(
      std::make_unique<OpenedJournal>(*std::move(directory), options_));
}

}  // namespace millrace::journal
