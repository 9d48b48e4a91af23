#include "actors/engines/log_copies.hpp"

#include <utility>

#include "actors/files/file_system.hpp"
#include "actors/journal/copy_source.hpp"
#include "actors/journal/copy_target.hpp"
#include "actors/postgres_log/copy_source.hpp"
#include "actors/postgres_log/copy_target.hpp"

namespace millrace::engines {
namespace {

files::FileSystem& files_of(const LogOptions& options) {
  return options.files != nullptr ? *options.files : files::posix_file_system();
}

}  // namespace

Result<std::string> where(const AnyLog& log) {
  if (const auto* postgres = std::get_if<postgres_log::Options>(&log)) {
    return postgres_log::PostgresCopyTarget::where(*postgres);
  }
  return journal::JournalCopyTarget::where(std::get<LogOptions>(log).data_dir);
}

Result<OpenedSource> open_copy_source(const AnyLog& from, const std::string& target) {
  if (const auto* postgres = std::get_if<postgres_log::Options>(&from)) {
    auto opened = postgres_log::PostgresCopySource::open(*postgres, target);
    if (!opened) return opened.error();
    const std::uint64_t epoch = (*opened)->epoch();
    return OpenedSource{*std::move(opened), epoch};
  }
  const LogOptions& journal = std::get<LogOptions>(from);
  auto opened = journal::JournalCopySource::open(files_of(journal), journal.data_dir, target);
  if (!opened) return opened.error();
  return OpenedSource{*std::move(opened), 0};
}

Result<std::unique_ptr<logs::CopyTarget>> open_copy_target(const AnyLog& to, std::uint64_t epoch) {
  if (const auto* postgres = std::get_if<postgres_log::Options>(&to)) {
    auto opened = postgres_log::PostgresCopyTarget::open(*postgres, epoch);
    if (!opened) return opened.error();
    return std::unique_ptr<logs::CopyTarget>(*std::move(opened));
  }
  const LogOptions& journal = std::get<LogOptions>(to);
  auto opened =
      journal::JournalCopyTarget::open(files_of(journal), journal.data_dir, journal.journal);
  if (!opened) return opened.error();
  return std::unique_ptr<logs::CopyTarget>(*std::move(opened));
}

}  // namespace millrace::engines
