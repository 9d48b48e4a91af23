// The engine that keeps the log of a node in files of its data directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "actors/journal/write/options.hpp"

namespace millrace {

namespace files {
class FileSystem;
}  // namespace files
namespace logs {
class Engine;
}  // namespace logs

namespace engines {

/// Where a log lies, and the options of its engine.
struct LogOptions {
  std::filesystem::path data_dir;  ///< made by a writer if it does not exist
  journal::Options journal{};
  files::FileSystem* files = nullptr;  ///< must outlive the engine; null: POSIX
};

/// The engine for `options`. Reads and checks nothing yet.
[[nodiscard]] std::shared_ptr<logs::Engine> make_engine(const LogOptions& options);

/// The engine for the data directory of a node that is not running, as its tools read it.
[[nodiscard]] inline std::shared_ptr<logs::Engine> make_engine(
    const std::filesystem::path& data_dir) {
  return make_engine(LogOptions{.data_dir = data_dir});
}

/// The newest format of data directories that this program writes.
[[nodiscard]] std::uint32_t data_format();

}  // namespace engines
}  // namespace millrace
