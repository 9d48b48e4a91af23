// The choice of the engine that keeps the log of a node. The only room that names engines.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "actors/files/file_system.hpp"
#include "actors/journal/write/options.hpp"
#include "actors/log/engine.hpp"
#include "actors/postgres_log/options.hpp"

namespace millrace::engines {

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

/// The engine for a log in PostgreSQL. Connects to nothing and checks nothing yet.
[[nodiscard]] std::shared_ptr<logs::Engine> make_engine(const postgres_log::Options& options);

/// The newest format of data directories that this program writes.
[[nodiscard]] std::uint32_t data_format();

}  // namespace millrace::engines
