#include "apps/report/page/files.hpp"

#include <fstream>
#include <string>
#include <system_error>

#include "apps/report/json.hpp"
#include "apps/report/page/html.hpp"

namespace millrace::report {
namespace {

namespace fs = std::filesystem;

Error failed(const fs::path& path, const std::string& why) {
  return Error{ErrorCode::storage_failed, "cannot write " + path.string() + ": " + why};
}

Result<void> write_whole(const fs::path& path, const std::string& content) {
  fs::path draft = path;
  draft += ".part";
  {
    std::ofstream file(draft, std::ios::binary | std::ios::trunc);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.close();
    if (!file) {
      std::error_code ignored;
      fs::remove(draft, ignored);
      return failed(path, "the file cannot be created, or the disk is full");
    }
  }
  std::error_code error;
  fs::rename(draft, path, error);
  if (error) return failed(path, error.message());
  return {};
}

}  // namespace

Result<void> write_report(const RunReport& report, const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return failed(directory, error.message());
  if (auto written = write_whole(directory / "report.json", to_json(report)); !written)
    return written;
  return write_whole(directory / "index.html", to_html(report));
}

}  // namespace millrace::report
