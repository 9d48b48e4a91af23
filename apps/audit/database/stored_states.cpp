#include "apps/audit/database/stored_states.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "apps/audit/states/state_copy.hpp"
#include "messages/hash.hpp"

namespace millrace::audit {
namespace {

namespace fs = std::filesystem;

/// A new directory that is removed with the object.
class Scratch {
 public:
  Scratch() {
    std::error_code failure;
    const fs::path parent = fs::temp_directory_path(failure);
    // What mkdtemp() replaces.
    std::string name = (parent / ("millrace-audit-" + std::string(6, 'X'))).string();
    if (!failure && mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }  ///< empty: it could not be made

 private:
  fs::path path_;
};

// A checkpoint must not make the audit write elsewhere.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name.find('/') == std::string::npos && name != "." && name != "..";
}

std::string little_endian(std::uint64_t number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

/// Writes a file; returns what is wrong with it.
Result<std::string> get_file(Database& database, const std::string& table,
                             const pb::StateCopy::File& file, const fs::path& to) {
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  std::uint64_t bytes = 0;
  std::string hashes;
  for (std::uint64_t part = 0; bytes < file.bytes(); ++part) {
    const auto answer = database.query("select bytes from " + table + " where part = $1::int4",
                                       {std::to_string(part)});
    if (!answer && answer.error().code != ErrorCode::not_found) return answer.error();
    if (!answer || answer->rows() != 1) return "part " + std::to_string(part) + " is missing";
    const std::string_view piece = answer->bytes(0, 0);
    if (piece.empty()) return "part " + std::to_string(part) + " is empty";
    bytes += piece.size();
    hashes += little_endian(hash_payload(piece));
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
  }
  out.close();
  if (!out) return Error{ErrorCode::storage_failed, to.string() + " cannot be written"};
  if (bytes != file.bytes()) return "has " + std::to_string(bytes) + " bytes";
  if (bytes != 0 && hash_payload(hashes) != file.hash()) return std::string("has another hash");
  return std::string();
}

}  // namespace

Result<std::string> read_stored_states(Database& database, const std::string& table_prefix,
                                       const pb::StateCopy& copy, const StateVisitor& visit) {
  const Scratch scratch;
  if (scratch.path().empty()) {
    return Error{ErrorCode::storage_failed, "no temporary directory can be made"};
  }
  for (const pb::StateCopy::File& file : copy.file()) {
    if (!is_plain_name(file.name())) return "names a file " + file.name();
    const auto wrong = get_file(database, table_prefix + std::to_string(file.number()), file,
                                scratch.path() / file.name());
    if (!wrong) return wrong.error();
    if (!wrong->empty()) {
      return "file " + file.name() + ", number " + std::to_string(file.number()) + ": " + *wrong;
    }
  }
  return read_state_copy(scratch.path(), copy.id(), visit);
}

}  // namespace millrace::audit
