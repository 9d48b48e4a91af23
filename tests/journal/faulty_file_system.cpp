#include "tests/journal/faulty_file_system.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace millrace::journal {
namespace {

constexpr std::uint64_t sector_bytes = 512;

Error dead() {
  return Error{ErrorCode::storage_failed, "the machine lost power"};
}
Error no_room() {
  return Error{ErrorCode::storage_full, "no room on the disk"};
}
Error absent(const FileSystem::Path& path) {
  return Error{ErrorCode::not_found, path.string() + ": no such file"};
}

void place(std::string& data, std::uint64_t offset, std::string_view bytes) {
  if (data.size() < offset + bytes.size()) data.resize(offset + bytes.size());
  std::memcpy(data.data() + offset, bytes.data(), bytes.size());
}

}  // namespace

class FaultyFile final : public File {
 public:
  FaultyFile(FaultyFileSystem& files, FileSystem::Path path,
             std::shared_ptr<FaultyFileSystem::Inode> inode, std::uint64_t generation, bool direct)
      : files_(files),
        path_(std::move(path)),
        inode_(std::move(inode)),
        generation_(generation),
        direct_(direct) {}

  Result<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
    if (direct_ && misaligned(offset, into.data(), into.size())) return bad_alignment();
    const std::lock_guard lock{files_.mutex_};
    if (files_.generation_ != generation_) return dead();
    const std::string& data = inode_->data;
    if (offset >= data.size()) return std::size_t{0};
    const std::size_t bytes = std::min<std::uint64_t>(into.size(), data.size() - offset);
    std::memcpy(into.data(), data.data() + offset, bytes);
    return bytes;
  }

  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    const Result<std::uint64_t> id = begin_write(offset, bytes);
    if (!id) return id.error();
    return {};
  }

  Result<void> write_durable(std::uint64_t offset, std::string_view bytes) override {
    const Result<std::uint64_t> id = begin_write(offset, bytes);
    if (!id) return id.error();
    if (auto error = files_.ask({Operation::Kind::sync, path_, offset})) return *error;
    const std::lock_guard lock{files_.mutex_};
    if (files_.generation_ != generation_) return dead();
    make_durable([&](const FaultyFileSystem::PendingWrite& one) { return one.id == *id; });
    return {};
  }

  Result<void> sync() override {
    if (auto error = files_.ask({Operation::Kind::sync, path_, 0})) return *error;
    const std::lock_guard lock{files_.mutex_};
    if (files_.generation_ != generation_) return dead();
    make_durable([](const FaultyFileSystem::PendingWrite&) { return true; });
    return {};
  }

  Result<void> zero_fill(std::uint64_t bytes) override {
    if (auto error = files_.ask({Operation::Kind::zero_fill, path_, 0})) return *error;
    const std::lock_guard lock{files_.mutex_};
    if (files_.generation_ != generation_) return dead();
    if (files_.used_locked() - inode_->data.size() + bytes > files_.capacity_) return no_room();
    inode_->data.assign(bytes, '\0');
    inode_->durable = inode_->data;
    inode_->pending.clear();
    return {};
  }

  Result<std::uint64_t> size() override {
    const std::lock_guard lock{files_.mutex_};
    if (files_.generation_ != generation_) return dead();
    return inode_->data.size();
  }

 private:
  static bool misaligned(std::uint64_t offset, const char* at, std::size_t bytes) {
    return (offset | reinterpret_cast<std::uintptr_t>(at) | bytes) % 4096 != 0;
  }
  static Error bad_alignment() {
    return Error{ErrorCode::storage_failed, "misaligned direct access; expected multiples of 4096"};
  }

  Result<std::uint64_t> begin_write(std::uint64_t offset, std::string_view bytes) {
    if (direct_ && misaligned(offset, bytes.data(), bytes.size())) return bad_alignment();
    if (auto error = files_.ask({Operation::Kind::write, path_, offset})) return *error;
    const std::lock_guard lock{files_.mutex_};
    if (files_.generation_ != generation_) return dead();
    const std::uint64_t end = offset + bytes.size();
    if (end > inode_->data.size() &&
        files_.used_locked() + end - inode_->data.size() > files_.capacity_) {
      return no_room();
    }
    place(inode_->data, offset, bytes);
    const std::uint64_t id = files_.next_pending_++;
    inode_->pending.push_back({id, offset, std::string{bytes}});
    return id;
  }

  template <class Which>
  void make_durable(const Which& which) {
    if (files_.is_lying_) return;
    auto& pending = inode_->pending;
    for (const auto& one : pending) {
      if (!which(one)) continue;
      for (std::uint64_t at = 0; at < one.bytes.size(); at += sector_bytes) {
        FaultyFileSystem::persist_sector(*inode_, one, at);
      }
    }
    std::erase_if(pending, which);
  }

  FaultyFileSystem& files_;
  FileSystem::Path path_;
  std::shared_ptr<FaultyFileSystem::Inode> inode_;
  std::uint64_t generation_;
  bool direct_;
};

class FaultyLock final : public FileLock {
 public:
  FaultyLock(FaultyFileSystem& files, FileSystem::Path path, LockMode mode)
      : files_(files), path_(std::move(path)), mode_(mode), generation_(files.generation_) {}
  FaultyLock(const FaultyLock&) = delete;
  FaultyLock& operator=(const FaultyLock&) = delete;
  ~FaultyLock() override {
    const std::lock_guard lock{files_.mutex_};
    if (files_.generation_ != generation_) return;  // the crash released it
    FaultyFileSystem::LockState& state = files_.locks_[path_];
    if (mode_ == LockMode::exclusive) {
      state.exclusive = false;
    } else {
      --state.shared;
    }
  }

 private:
  FaultyFileSystem& files_;
  FileSystem::Path path_;
  LockMode mode_;
  std::uint64_t generation_;
};

void FaultyFileSystem::crash(std::mt19937_64& random) {
  const std::lock_guard lock{mutex_};
  ++generation_;
  locks_.clear();
  const std::size_t kept = random() % (name_changes_.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) apply(durable_names_, name_changes_[i]);
  name_changes_.clear();
  names_ = durable_names_;
  for (const auto& [path, inode] : names_) {
    for (const PendingWrite& one : inode->pending) {
      // Complete, lost and torn writes all occur often.
      const std::uint64_t percent = std::array{0U, 50U, 90U, 100U}[random() % 4];
      for (std::uint64_t at = 0; at < one.bytes.size(); at += sector_bytes) {
        if (random() % 100 >= percent) continue;
        persist_sector(*inode, one, at);
      }
    }
    inode->pending.clear();
    inode->data = inode->durable;
  }
}

void FaultyFileSystem::kill() {
  const std::lock_guard lock{mutex_};
  ++generation_;
  locks_.clear();
}

void FaultyFileSystem::set_fault(Fault fault) {
  const std::lock_guard lock{mutex_};
  fault_ = std::move(fault);
}

void FaultyFileSystem::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock{mutex_};
  capacity_ = bytes;
}

std::string FaultyFileSystem::contents(const Path& path) const {
  const std::lock_guard lock{mutex_};
  const auto it = names_.find(path);
  return it == names_.end() ? std::string{} : it->second->data;
}

void FaultyFileSystem::set_contents(const Path& path, std::string bytes) {
  const std::lock_guard lock{mutex_};
  auto& inode = names_[path];
  if (inode == nullptr) inode = std::make_shared<Inode>();
  durable_names_[path] = inode;
  inode->durable = bytes;
  inode->data = std::move(bytes);
  inode->pending.clear();
}

void FaultyFileSystem::flip(const Path& path, std::uint64_t offset, unsigned char mask) {
  const std::lock_guard lock{mutex_};
  Inode& inode = *names_.at(path);
  for (std::string* bytes : {&inode.data, &inode.durable}) {
    bytes->at(offset) = static_cast<char>(static_cast<unsigned char>(bytes->at(offset)) ^ mask);
  }
}

std::uint64_t FaultyFileSystem::used_bytes() const {
  const std::lock_guard lock{mutex_};
  return used_locked();
}

std::uint64_t FaultyFileSystem::used_locked() const {
  std::uint64_t bytes = 0;
  for (const auto& [path, inode] : names_) bytes += inode->data.size();
  return bytes;
}

std::optional<Error> FaultyFileSystem::ask(const Operation& operation) {
  Fault fault;
  {
    const std::lock_guard lock{mutex_};
    fault = fault_;
  }
  return fault ? fault(operation) : std::nullopt;
}

void FaultyFileSystem::persist_sector(Inode& inode, const PendingWrite& write, std::uint64_t at) {
  std::uint64_t& from = inode.sector_writes[(write.offset + at) / sector_bytes];
  if (from > write.id) return;
  from = write.id;
  place(inode.durable, write.offset + at, std::string_view{write.bytes}.substr(at, sector_bytes));
}

void FaultyFileSystem::apply(Names& names, const NameChange& change) {
  if (change.removed) names.erase(*change.removed);
  if (change.added) names[*change.added] = change.inode;
}

void FaultyFileSystem::change(NameChange change) {
  apply(names_, change);
  name_changes_.push_back(std::move(change));
}

Result<std::unique_ptr<File>> FaultyFileSystem::open(const Path& path, OpenMode mode,
                                                     Access access) {
  const std::lock_guard lock{mutex_};
  std::shared_ptr<Inode> inode;
  if (mode == OpenMode::create) {
    inode = std::make_shared<Inode>();
    change({std::nullopt, path, inode});
  } else {
    const auto it = names_.find(path);
    if (it == names_.end()) return absent(path);
    inode = it->second;
  }
  return std::unique_ptr<File>{std::make_unique<FaultyFile>(*this, path, std::move(inode),
                                                            generation_, access == Access::direct)};
}

Result<std::vector<std::string>> FaultyFileSystem::list(const Path& directory) {
  const std::lock_guard lock{mutex_};
  if (!directories_.contains(directory)) return absent(directory);
  std::vector<std::string> names;
  for (const auto& [path, inode] : names_) {
    if (path.parent_path() == directory) names.push_back(path.filename().string());
  }
  for (const Path& path : directories_) {
    if (path != directory && path.parent_path() == directory) {
      names.push_back(path.filename().string());
    }
  }
  return names;
}

Result<void> FaultyFileSystem::rename(const Path& from, const Path& to) {
  if (auto error = ask({Operation::Kind::rename, from, 0})) return *error;
  const std::lock_guard lock{mutex_};
  const auto it = names_.find(from);
  if (it == names_.end()) return absent(from);
  change({from, to, it->second});
  return {};
}

Result<void> FaultyFileSystem::remove(const Path& path) {
  if (auto error = ask({Operation::Kind::remove, path, 0})) return *error;
  const std::lock_guard lock{mutex_};
  if (!names_.contains(path)) return absent(path);
  change({path, std::nullopt, nullptr});
  return {};
}

Result<void> FaultyFileSystem::make_dir(const Path& directory) {
  const std::lock_guard lock{mutex_};
  directories_.insert(directory);
  return {};
}

Result<void> FaultyFileSystem::sync_dir(const Path& directory) {
  if (auto error = ask({Operation::Kind::sync_dir, directory, 0})) return *error;
  const std::lock_guard lock{mutex_};
  const auto here = [&](const NameChange& one) {
    return (one.added ? one.added : one.removed)->parent_path() == directory;
  };
  for (const NameChange& one : name_changes_) {
    if (here(one)) apply(durable_names_, one);
  }
  std::erase_if(name_changes_, here);
  return {};
}

Result<std::unique_ptr<FileLock>> FaultyFileSystem::lock(const Path& path, LockMode mode) {
  const std::lock_guard guard{mutex_};
  LockState& state = locks_[path];
  if (state.exclusive || (mode == LockMode::exclusive && state.shared > 0)) {
    return Error{ErrorCode::storage_locked, path.string() + ": in use"};
  }
  if (mode == LockMode::exclusive) {
    state.exclusive = true;
  } else {
    ++state.shared;
  }
  return std::unique_ptr<FileLock>{std::make_unique<FaultyLock>(*this, path, mode)};
}

Result<std::uint64_t> FaultyFileSystem::free_bytes(const Path&) {
  const std::lock_guard lock{mutex_};
  const std::uint64_t used = used_locked();
  return used >= capacity_ ? 0 : capacity_ - used;
}

}  // namespace millrace::journal
