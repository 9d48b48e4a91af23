#include "apps/simulate/fleet/older_copy.hpp"

#include <string>
#include <system_error>

#include "actors/engines/engines.hpp"
#include "actors/state_store/rocks_table.hpp"
#include "actors/store/stopped_node.hpp"

namespace millrace::simulate {
namespace {

namespace fs = std::filesystem;

Result<void> result_of(const std::error_code& error, const char* what, const fs::path& path) {
  if (!error) return {};
  return Error{ErrorCode::storage_failed,
               std::string(what) + " " + path.string() + ": " + error.message()};
}

fs::path beside(const fs::path& directory, const char* suffix) {
  return directory.parent_path() / (directory.filename().string() + suffix);
}

}  // namespace

OlderCopy::OlderCopy(const fs::path& data_dir)
    : data_dir_(data_dir), copy_(beside(data_dir, ".copy")), newest_(beside(data_dir, ".newest")) {}

Result<void> OlderCopy::take() const {
  if (auto removed = remove(); !removed) return removed;
  std::error_code error;
  fs::copy(data_dir_, copy_, fs::copy_options::recursive, error);
  return result_of(error, "copy", data_dir_);
}

Result<void> OlderCopy::put_back() const {
  std::error_code error;
  fs::rename(data_dir_, newest_, error);
  if (!error) fs::rename(copy_, data_dir_, error);
  return result_of(error, "replace", data_dir_);
}

Result<void> OlderCopy::undo() const {
  std::error_code error;
  fs::remove_all(data_dir_, error);
  if (!error) fs::rename(newest_, data_dir_, error);
  return result_of(error, "put back", data_dir_);
}

Result<void> OlderCopy::check() const {
  auto stopped = StoppedNode::open(engines::make_engine(copy_), states::stored_states(copy_));
  if (!stopped) return stopped.error();
  const auto view = stopped->view(false);
  if (!view) return view.error();
  return {};
}

Result<void> OlderCopy::remove() const {
  std::error_code error;
  fs::remove_all(copy_, error);
  return result_of(error, "remove", copy_);
}

}  // namespace millrace::simulate
