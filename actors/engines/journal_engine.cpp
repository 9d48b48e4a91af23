#include "actors/engines/journal_engine.hpp"

#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/engine.hpp"

namespace millrace::engines {

std::shared_ptr<logs::Engine> make_engine(const LogOptions& options) {
  files::FileSystem& files = options.files != nullptr ? *options.files : files::posix_file_system();
  return std::make_shared<journal::JournalEngine>(options.data_dir, options.journal, files);
}

std::uint32_t data_format() {
  return journal::directory_format;
}

}  // namespace millrace::engines
