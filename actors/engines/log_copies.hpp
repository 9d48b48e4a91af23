// Logs that move between engines: the two sides of a copy, see actors/log/copy.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "actors/engines/engines.hpp"
#include "actors/log/copy.hpp"
#include "messages/result.hpp"

namespace millrace::engines {

/// A log, by the options of its engine.
using AnyLog = std::variant<LogOptions, postgres_log::Options>;

/// The side that is read, and what it knows of the node's starts.
struct OpenedSource {
  std::unique_ptr<logs::CopySource> log;
  std::uint64_t epoch = 0;  ///< as logs::OpenedLog::epoch(); 0: the engine keeps none
};

/// Where `log` lies, as logs::CopyTarget::where(). Fails with `invalid_argument`.
[[nodiscard]] Result<std::string> where(const AnyLog& log);

/// Opens `from` to be copied to `target`: see JournalCopySource::open() and PostgresCopySource::open().
[[nodiscard]] Result<OpenedSource> open_copy_source(const AnyLog& from, const std::string& target);

/// Opens `to`, which must be new or empty: see JournalCopyTarget::open() and PostgresCopyTarget::open().
/// `epoch`: of the last start of the node.
[[nodiscard]] Result<std::unique_ptr<logs::CopyTarget>> open_copy_target(const AnyLog& to,
                                                                         std::uint64_t epoch);

}  // namespace millrace::engines
