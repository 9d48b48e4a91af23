// Reads TOML files into a Document and follows `include`. Only toml_reader.cpp includes toml++.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cluster/config/read/document.hpp"
#include "messages/result.hpp"

namespace millrace::config {

/// Maximum size of one file, in bytes.
inline constexpr std::size_t file_bytes_max = 1U << 20;

/// Parses `text`, which may hold any bytes; positions name `source` as the file. On a syntax error,
/// appends one Problem and returns an empty table: toml++ stops at the first error.
[[nodiscard]] Node read_toml(std::string_view text, const std::string& source, Problems& problems);

/// Reads a whole file. On failure the error message is the reason alone, such as "no such file",
/// without the path.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

/// Maximum depth of nested includes, and maximum number of files in total.
inline constexpr std::size_t include_depth_max = 16;
inline constexpr std::size_t included_files_max = 64;

/// Reads `path` and merges it over the files that it includes; the result has no `include` key.
/// Appends a Problem for each missing file, include cycle, exceeded limit and syntax error, and
/// returns the document of the files that could be read. Calls `read` on this thread.
[[nodiscard]] Node read_with_includes(const std::string& path, const ReadFile& read,
                                      Problems& problems);

}  // namespace millrace::config
