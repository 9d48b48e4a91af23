#include "actors/state_store/rocks_table.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <system_error>
#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include "actors/state_store/directories.hpp"

namespace millrace::states {
namespace {

using Path = std::filesystem::path;

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

std::string_view view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

Error error_of(const Path& path, const rocksdb::Status& status) {
  ErrorCode code = ErrorCode::storage_failed;
  if (status.IsCorruption() || status.IsNotFound() || status.IsInvalidArgument() ||
      status.IsPathNotFound()) {
    code = ErrorCode::corrupt;
  }
  if (status.IsNoSpace()) code = ErrorCode::storage_full;
  return {code, path.string() + ": " + status.ToString()};
}

rocksdb::Options options_of(const RocksOptions& given) {
  rocksdb::Options options;
  options.create_if_missing = true;
  // Most bytes are in the last level; those above are written again soon, and compressing takes a
  // sixth of the time of all compactions.
  options.compression = rocksdb::kNoCompression;
  options.bottommost_compression = rocksdb::kLZ4Compression;
  options.compaction_readahead_size = 2u << 20;
  options.write_buffer_size = given.write_buffer_bytes;
  options.max_write_buffer_number = 3;
  options.max_background_jobs = 2;
  options.level_compaction_dynamic_level_bytes = true;
  options.bytes_per_sync = 1u << 20;
  // The live table is dropped by the next start.
  options.avoid_flush_during_shutdown = true;
  // A copy has the manifest as it is, which grows with each change of a table.
  options.max_manifest_file_size = 4u << 20;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 1u << 20;
  options.info_log_level = rocksdb::WARN_LEVEL;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(given.block_cache_bytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

class RocksTable final : public Table {
 public:
  RocksTable(Path directory, logs::Opener opener, RocksOptions options)
      : directory_(std::move(directory)),
        is_writer_(opener == logs::Opener::writer),
        options_(options_of(options)) {
    unlogged_.disableWAL = true;
    memory_only_.read_tier = rocksdb::kBlockCacheTier;
    memory_only_.fill_cache = false;
    scanning_.fill_cache = false;
  }

  Result<void> open(std::optional<std::uint64_t> copy) override {
    std::error_code code;
    if (copy && !std::filesystem::is_directory(path_of(*copy), code)) {
      return Error{ErrorCode::not_found, path_of(*copy).string() + ": no such directory"};
    }
    return is_writer_ ? open_live(copy) : open_copy(copy);
  }

  Result<std::optional<std::string>> get(std::string_view key) override {
    if (!db_) return std::optional<std::string>();
    std::string value;
    const auto status = db_->Get({}, slice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return error_of(opened_, status);
    return std::optional<std::string>(std::move(value));
  }

  Peeked peek(std::string_view key) override {
    if (!db_) return {true};
    std::string value;
    const auto status = db_->Get(memory_only_, slice(key), &value);
    if (status.IsNotFound()) return {true};
    if (!status.ok()) return {};
    return {true, std::move(value)};
  }

  Result<void> write(const Batch& batch) override {
    if (!is_writer_) return {};
    rocksdb::WriteBatch out;
    for (const auto& [from, to] : batch.removed_ranges) {
      out.DeleteRange(db_->DefaultColumnFamily(), slice(from), slice(to));
    }
    for (const auto& [key, value] : batch.items) {
      if (value) {
        out.Put(slice(key), slice(*value));
      } else {
        out.Delete(slice(key));
      }
    }
    auto status = db_->Write(unlogged_, &out);
    // After a failure in the background, such as a full disk, nothing is written until this.
    if (!status.ok() && db_->Resume().ok()) status = db_->Write(unlogged_, &out);
    return result_of(status);
  }

  Result<void> visit(std::string_view from, std::string_view to,
                     const ItemVisitor& visit) override {
    if (!db_) return {};
    rocksdb::ReadOptions options = scanning_;
    const rocksdb::Slice end = slice(to);
    options.iterate_upper_bound = &end;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options));
    for (it->Seek(slice(from)); it->Valid(); it->Next()) {
      if (!visit(view(it->key()), view(it->value()))) break;
    }
    return result_of(it->status());
  }

  Result<void> save(std::uint64_t copy) override {
    const Path path = path_of(copy);
    Path unfinished = path;
    unfinished += unfinished_suffix;
    for (const Path& old : {path, unfinished}) {
      if (auto removed = remove_tree(old); !removed) return removed;
    }
    rocksdb::Checkpoint* made = nullptr;
    auto status = rocksdb::Checkpoint::Create(db_.get(), &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    // Writes the items in memory to tables first, and syncs all files.
    if (status.ok()) status = checkpoint->CreateCheckpoint(unfinished.string(), 0);
    if (!status.ok()) return error_of(unfinished, status);
    std::error_code code;
    if (auto synced = sync_path(unfinished); !synced) return synced;
    std::filesystem::rename(unfinished, path, code);
    if (code) return file_failure(path, code);
    return sync_path(directory_);
  }

  Result<std::vector<std::uint64_t>> saved() override {
    std::vector<std::uint64_t> numbers;
    std::error_code code;
    std::filesystem::directory_iterator entries(directory_, code);
    if (code) return file_failure(directory_, code);
    for (const auto& entry : entries) {
      if (const auto number = parse_copy_name(entry.path().filename().string())) {
        numbers.push_back(*number);
      }
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

  [[nodiscard]] TableSize size() override {
    TableSize size{.disk_bytes = disk_bytes(directory_)};
    if (db_) db_->GetIntProperty(rocksdb::DB::Properties::kEstimateNumKeys, &size.items);
    return size;
  }

  Result<void> remove(std::uint64_t copy) override { return remove_tree(path_of(copy)); }

 private:
  [[nodiscard]] Path path_of(std::uint64_t copy) const { return directory_ / copy_name(copy); }

  [[nodiscard]] Result<void> result_of(const rocksdb::Status& status) const {
    if (!status.ok()) return error_of(opened_, status);
    return {};
  }

  Result<void> open_live(std::optional<std::uint64_t> copy) {
    db_.reset();
    std::error_code code;
    std::filesystem::create_directories(directory_, code);
    if (code) return file_failure(directory_, code);
    if (auto removed = remove_leftovers(directory_); !removed) return removed;
    std::random_device random;
    opened_ =
        directory_ / (live_prefix + ("-" + std::to_string(random())) + std::to_string(random()));
    if (copy) {
      if (auto linked = link_tree(path_of(*copy), opened_); !linked) return linked;
    }
    rocksdb::DB* db = nullptr;
    rocksdb::Options options = options_;
    options.create_if_missing = !copy;
    const auto status = rocksdb::DB::Open(options, opened_.string(), &db);
    db_.reset(db);
    return result_of(status);
  }

  Result<void> open_copy(std::optional<std::uint64_t> copy) {
    db_.reset();
    if (!copy) return {};
    opened_ = path_of(*copy);
    rocksdb::DB* db = nullptr;
    const auto status = rocksdb::DB::OpenForReadOnly(options_, opened_.string(), &db);
    db_.reset(db);
    return result_of(status);
  }

  const Path directory_;
  const bool is_writer_;
  const rocksdb::Options options_;
  rocksdb::WriteOptions unlogged_;
  rocksdb::ReadOptions memory_only_;
  rocksdb::ReadOptions scanning_;
  Path opened_;
  std::unique_ptr<rocksdb::DB> db_;  ///< null: a reader without a copy
};

}  // namespace

std::unique_ptr<Table> make_rocks_table(Path directory, logs::Opener opener, RocksOptions options) {
  return std::make_unique<RocksTable>(std::move(directory), opener, options);
}

std::unique_ptr<StateStore> stored_states(const std::filesystem::path& data_dir) {
  return std::make_unique<StateStore>(
      make_rocks_table(data_dir / directory_name, logs::Opener::reader));
}

}  // namespace millrace::states
