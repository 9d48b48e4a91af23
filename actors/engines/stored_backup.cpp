#include "actors/engines/stored_backup.hpp"

#include "actors/journal/backup/backup.hpp"
#include "actors/journal/moved_mark.hpp"
#include "actors/journal/recovery.hpp"

namespace millrace::engines {
namespace {

Result<StoredBackup> stored(const Result<journal::Manifest>& manifest) {
  if (!manifest) return manifest.error();
  return StoredBackup{manifest->identity, manifest->info()};
}

}  // namespace

Result<StoredBackup> back_up_stopped(const std::filesystem::path& data_dir,
                                     const std::filesystem::path& target, std::int64_t at_us) {
  const auto directory =
      journal::DataDirectory::open(files::posix_file_system(), data_dir, logs::Opener::reader);
  if (!directory) return directory.error();
  // The backup would not have the mark, and a node would start on what is restored from it.
  const auto moved = journal::moved_to(files::posix_file_system(), data_dir);
  if (!moved) return moved.error();
  if (*moved) return journal::moved_error(data_dir, **moved);
  return stored(journal::back_up_stopped(*directory, target, at_us));
}

Result<StoredBackup> restore_backup(const std::filesystem::path& backup,
                                    const std::filesystem::path& target) {
  return stored(journal::restore_backup(files::posix_file_system(), backup, target));
}

}  // namespace millrace::engines
