#include "actors/state_store/rocks_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

namespace millrace::states {
namespace {

using Path = std::filesystem::path;

constexpr const char* live_name = "live";
constexpr const char* unfinished_suffix = ".tmp";
constexpr std::size_t number_digits = 20;

std::string name_of(std::uint64_t number) {
  std::array<char, number_digits> digits{};
  digits.fill('0');
  for (std::size_t i = number_digits; number > 0; number /= 10) {
    digits[--i] = static_cast<char>('0' + number % 10);
  }
  return {digits.data(), digits.size()};
}

std::optional<std::uint64_t> number_of(const std::string& name) {
  std::uint64_t number = 0;
  const char* end = name.data() + name.size();
  const auto [stop, failure] = std::from_chars(name.data(), end, number);
  if (name.size() != number_digits || failure != std::errc{} || stop != end) return std::nullopt;
  return number;
}

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

std::string_view view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

Error failure(const Path& path, const std::error_code& code) {
  const bool is_full = code == std::errc::no_space_on_device;
  return {is_full ? ErrorCode::storage_full : ErrorCode::storage_failed,
          path.string() + ": " + code.message()};
}

Error error_of(const Path& path, const rocksdb::Status& status) {
  ErrorCode code = ErrorCode::storage_failed;
  if (status.IsCorruption() || status.IsNotFound() || status.IsInvalidArgument()) {
    code = ErrorCode::corrupt;
  }
  if (status.IsNoSpace()) code = ErrorCode::storage_full;
  return {code, path.string() + ": " + status.ToString()};
}

// Makes the names in a directory durable.
Result<void> sync_dir(const Path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int failed = fd < 0 ? errno : (::fsync(fd) == 0 ? 0 : errno);
  if (fd >= 0) ::close(fd);
  if (failed != 0) return failure(path, {failed, std::generic_category()});
  return {};
}

Result<void> remove_tree(const Path& path) {
  std::error_code code;
  std::filesystem::remove_all(path, code);
  if (code) return failure(path, code);
  return {};
}

// Tables of RocksDB are immutable, so the copy and the live one share them. It writes the other
// files anew, or appends to them.
Result<void> link_tree(const Path& from, const Path& to) {
  std::error_code code;
  std::filesystem::create_directories(to, code);
  if (code) return failure(to, code);
  std::filesystem::directory_iterator files(from, code);
  if (code) return failure(from, code);
  for (const auto& file : files) {
    const Path target = to / file.path().filename();
    if (file.path().extension() == ".sst") {
      std::filesystem::create_hard_link(file.path(), target, code);
    } else {
      std::filesystem::copy_file(file.path(), target, code);
    }
    if (code) return failure(target, code);
  }
  return {};
}

rocksdb::Options options_of(const RocksOptions& given) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kLZ4Compression;
  options.write_buffer_size = given.write_buffer_bytes;
  options.max_write_buffer_number = 3;
  options.max_background_jobs = 2;
  options.level_compaction_dynamic_level_bytes = true;
  options.bytes_per_sync = 1u << 20;
  // The live table is dropped by the next start.
  options.avoid_flush_during_shutdown = true;
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
    if (auto synced = sync_dir(unfinished); !synced) return synced;
    std::filesystem::rename(unfinished, path, code);
    if (code) return failure(path, code);
    return sync_dir(directory_);
  }

  Result<std::vector<std::uint64_t>> saved() override {
    std::vector<std::uint64_t> numbers;
    std::error_code code;
    std::filesystem::directory_iterator entries(directory_, code);
    if (code) return failure(directory_, code);
    for (const auto& entry : entries) {
      if (const auto number = number_of(entry.path().filename().string())) {
        numbers.push_back(*number);
      }
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

  Result<void> remove(std::uint64_t copy) override { return remove_tree(path_of(copy)); }

 private:
  [[nodiscard]] Path path_of(std::uint64_t copy) const { return directory_ / name_of(copy); }

  [[nodiscard]] Result<void> result_of(const rocksdb::Status& status) const {
    if (!status.ok()) return error_of(opened_, status);
    return {};
  }

  Result<void> open_live(std::optional<std::uint64_t> copy) {
    std::error_code code;
    std::filesystem::create_directories(directory_, code);
    if (code) return failure(directory_, code);
    opened_ = directory_ / live_name;
    if (auto removed = remove_tree(opened_); !removed) return removed;
    if (auto removed = remove_unfinished(); !removed) return removed;
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
    if (!copy) return {};
    opened_ = path_of(*copy);
    rocksdb::DB* db = nullptr;
    const auto status = rocksdb::DB::OpenForReadOnly(options_, opened_.string(), &db);
    db_.reset(db);
    return result_of(status);
  }

  Result<void> remove_unfinished() {
    std::error_code code;
    std::filesystem::directory_iterator entries(directory_, code);
    if (code) return failure(directory_, code);
    std::vector<Path> unfinished;
    for (const auto& entry : entries) {
      // RocksDB appends a suffix of its own while it makes a copy.
      if (entry.path().filename().string().find(unfinished_suffix) != std::string::npos) {
        unfinished.push_back(entry.path());
      }
    }
    for (const Path& path : unfinished) {
      if (auto removed = remove_tree(path); !removed) return removed;
    }
    return {};
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
