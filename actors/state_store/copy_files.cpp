#include "actors/state_store/copy_files.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <set>
#include <utility>

#include "actors/state_store/directories.hpp"
#include "messages/hash.hpp"

namespace millrace::states {
namespace {

using Path = std::filesystem::path;

constexpr std::size_t name_max = 64;

bool is_immutable(const std::string& name) {
  return Path(name).extension() == table_extension;
}

std::string number_as_bytes(std::uint64_t number) {
  std::string out;
  for (int i = 0; i < 8; ++i, number >>= 8) out.push_back(static_cast<char>(number & 0xff));
  return out;
}

/// The hash of a file: of the hashes of its pieces, so that it needs no memory for the whole file.
class PieceHash {
 public:
  void add(std::string_view piece) {
    bytes_ += piece.size();
    hashes_ += number_as_bytes(hash_payload(piece));
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t value() const { return hash_payload(hashes_); }

 private:
  std::uint64_t bytes_ = 0;
  std::string hashes_;
};

/// Reads a file in pieces.
class PieceReader {
 public:
  explicit PieceReader(const Path& path)
      : path_(path), file_(path, std::ios::binary), piece_(logs::file_piece_bytes, '\0') {}

  Result<std::string_view> next() {
    if (!file_.is_open()) return failed();
    file_.read(piece_.data(), static_cast<std::streamsize>(piece_.size()));
    if (file_.bad()) return failed();
    const std::string_view piece(piece_.data(), static_cast<std::size_t>(file_.gcount()));
    if (!piece.empty()) hash_.add(piece);
    return piece;
  }
  /// Of what was read.
  [[nodiscard]] const PieceHash& hash() const { return hash_; }

 private:
  [[nodiscard]] Error failed() const {
    return {ErrorCode::storage_failed, path_.string() + ": cannot be read"};
  }

  const Path path_;
  std::ifstream file_;
  std::string piece_;
  PieceHash hash_;
};

Error damaged(const CopyFile& file, const std::string& what) {
  return {ErrorCode::corrupt, "the file " + file.name + " of the keyed state, number " +
                                  std::to_string(file.number) + " in the log's store, " + what};
}

}  // namespace

bool is_copy_file_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= name_max && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), is_plain);
}

Path CopyFiles::path_of(std::uint64_t copy) const {
  return directory_ / copy_name(copy);
}

bool CopyFiles::has_all(const Path& path, const std::vector<CopyFile>& files) const {
  return std::all_of(files.begin(), files.end(), [&](const CopyFile& file) {
    std::error_code code;
    return std::filesystem::file_size(path / file.name, code) == file.bytes && !code;
  });
}

Result<void> CopyFiles::fetch(std::uint64_t copy, const std::vector<CopyFile>& files, bool anew) {
  stored_.clear();
  for (const CopyFile& file : files) {
    if (!is_copy_file_name(file.name)) {
      return Error{ErrorCode::corrupt, "the checkpoint names a file of keyed state " + file.name};
    }
    if (is_immutable(file.name)) stored_.emplace(file.name, file);
  }
  std::error_code code;
  std::filesystem::create_directories(directory_, code);
  if (code) return file_failure(directory_, code);
  const Path path = path_of(copy);
  const bool is_here = std::filesystem::is_directory(path, code);
  // Without files the checkpoint relies on the local directory, as one of the journal does.
  if (files.empty() || (is_here && !anew && has_all(path, files))) return {};
  Path unfinished = path;
  unfinished += unfinished_suffix;
  if (auto removed = remove_tree(unfinished); !removed) return removed;
  std::filesystem::create_directory(unfinished, code);
  if (code) return file_failure(unfinished, code);
  for (const CopyFile& file : files) {
    if (auto got = fetch_file(file, unfinished / file.name, !anew); !got) return got;
  }
  if (auto synced = sync_path(unfinished); !synced) return synced;
  if (auto removed = remove_tree(path); !removed) return removed;
  std::filesystem::rename(unfinished, path, code);
  if (code) return file_failure(path, code);
  return sync_path(directory_);
}

Result<void> CopyFiles::fetch_file(const CopyFile& file, const Path& to, bool looks_here) {
  if (looks_here && is_immutable(file.name) && link_local(file, to)) return {};
  PieceHash hash;
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  const auto got = files_->get(file.number, [&](std::string_view piece) -> Result<void> {
    hash.add(piece);
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    if (!out) return file_failure(to, {errno, std::generic_category()});
    return {};
  });
  if (!got && got.error().code == ErrorCode::not_found) return damaged(file, "is missing");
  if (!got) return got;
  out.close();
  if (!out) return file_failure(to, {errno, std::generic_category()});
  if (hash.bytes() != file.bytes || (file.bytes > 0 && hash.value() != file.hash)) {
    return damaged(file, "is not the one that the checkpoint names");
  }
  return sync_path(to);
}

// Another copy on this disk may have the same file; a file of the same name may be another one, as names are
// given out again after a takeover.
bool CopyFiles::link_local(const CopyFile& file, const Path& to) const {
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, code)) {
    if (!parse_copy_name(entry.path().filename().string())) continue;
    const Path from = entry.path() / file.name;
    if (std::filesystem::file_size(from, code) != file.bytes || code) continue;
    PieceReader reader(from);
    auto piece = reader.next();
    while (piece && !piece->empty()) piece = reader.next();
    if (!piece || reader.hash().value() != file.hash) continue;
    std::filesystem::create_hard_link(from, to, code);
    if (!code) return true;
  }
  return false;
}

Result<CopyFile> CopyFiles::put_file(const Path& path) {
  CopyFile file{.name = path.filename().string()};
  PieceReader reader(path);
  const auto number = files_->put([&reader] { return reader.next(); });
  if (!number) return number.error();
  file.number = *number;
  file.bytes = reader.hash().bytes();
  file.hash = file.bytes == 0 ? 0 : reader.hash().value();
  put_bytes_ += file.bytes;
  return file;
}

Result<std::vector<CopyFile>> CopyFiles::put(std::uint64_t copy) {
  // What this process knows to be stored may be gone from a server that was restored.
  const auto there = files_->list();
  if (!there) return there.error();
  std::vector<CopyFile> files;
  std::error_code code;
  std::filesystem::directory_iterator entries(path_of(copy), code);
  if (code) return file_failure(path_of(copy), code);
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    const auto known = stored_.find(name);
    if (known != stored_.end() && there->contains(known->second.number)) {
      files.push_back(known->second);
      continue;
    }
    auto put = put_file(entry.path());
    if (!put) return put.error();
    // Also if the checkpoint fails: the next one has the same file.
    if (is_immutable(name)) stored_.insert_or_assign(name, *put);
    files.push_back(std::move(*put));
  }
  return files;
}

Result<void> CopyFiles::keep(const std::vector<CopyFile>& files) {
  std::set<logs::FileNumber> numbers;
  std::set<std::string> names;
  for (const CopyFile& file : files) {
    numbers.insert(file.number);
    names.insert(file.name);
  }
  std::erase_if(stored_, [&](const auto& one) { return !names.contains(one.first); });
  return files_->keep(numbers);
}

}  // namespace millrace::states
