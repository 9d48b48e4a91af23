#include "apps/audit/disk/directory_log.hpp"

#include <string>
#include <utility>

#include "apps/audit/disk/checkpoint_file.hpp"
#include "apps/audit/disk/data_files.hpp"
#include "apps/audit/disk/log_files.hpp"
#include "apps/audit/states/state_copy.hpp"

namespace millrace::audit {
namespace {

class DirectoryLog final : public NodeLog {
 public:
  explicit DirectoryLog(DataFiles files)
      : files_(std::move(files)), where_(files_.path.string()), log_(files_) {}

  [[nodiscard]] const std::string& where() const override { return where_; }
  [[nodiscard]] const std::vector<Problem>& problems() const override { return files_.problems; }
  [[nodiscard]] std::uint64_t parts() const override {
    return 1 + files_.segments.size() + files_.checkpoints.size();
  }
  [[nodiscard]] std::vector<std::uint64_t> checkpoints() const override {
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, path] : files_.checkpoints) numbers.push_back(number);
    return numbers;
  }
  [[nodiscard]] std::string checkpoint_name(std::uint64_t number) const override {
    return name_in(files_, files_.checkpoints.at(number));
  }
  [[nodiscard]] std::string segment_name(std::uint32_t segment) const override {
    const auto found = files_.segments.find(segment);
    return found == files_.segments.end() ? "segments" : name_in(files_, found->second);
  }
  [[nodiscard]] std::optional<Witness> stated_end() const override {
    const auto& point = files_.durable_point;
    if (!point) return std::nullopt;
    return Witness{.durable = point->durable,
                   .stated_by = "format (of segment " + std::to_string(point->segment) + ")"};
  }

  Result<CheckpointRead> read_checkpoint(std::uint64_t number, const EntryVisitor& visit) override {
    return audit::read_checkpoint(files_, number, visit);
  }
  Result<std::string> read_state_copy(std::uint64_t number, std::uint64_t id,
                                      const StateVisitor& visit) override {
    return audit::read_state_copy(files_.path / "state" / state_copy_name(number), id, visit);
  }
  Result<std::uint64_t> first_lsn() override { return log_.first_lsn(); }
  Result<LogExtent> read(const Witness& witness, const RecordVisitor& visit) override {
    return log_.read(witness, visit);
  }
  Result<void> read_at(std::span<const Place> places, const PlaceVisitor& visit) override {
    return log_.read_at(places, visit);
  }

 private:
  const DataFiles files_;
  const std::string where_;
  LogFiles log_;
};

}  // namespace

Result<std::unique_ptr<NodeLog>> open_directory(const std::filesystem::path& path) {
  auto files = DataFiles::open(path);
  if (!files) return files.error();
  return std::unique_ptr<NodeLog>(std::make_unique<DirectoryLog>(*std::move(files)));
}

}  // namespace millrace::audit
