// Reads TOML. The one file that knows toml++ is toml_reader.cpp.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cluster/config/read/document.hpp"
#include "messages/result.hpp"

namespace millrace::config {

/// Bytes of one file; far beyond any that a person writes.
inline constexpr std::size_t file_bytes_max = 1U << 20;

/// The document in `text`, with `source` as the file of its places. What is wrong with it goes to
/// `problems`, and the document is empty then: a reader of TOML stops at the first mistake. Any
/// bytes may come in.
[[nodiscard]] Node read_toml(std::string_view text, const std::string& source, Problems& problems);

/// Reads a file as a whole. The message of its error says only why, such as "no such file".
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

/// Files that lead from one to the next, and files in all.
inline constexpr std::size_t include_depth_max = 16;
inline constexpr std::size_t included_files_max = 64;

/// The document of `path` over those that it includes, without any `include`. Missing files, cycles
/// and syntax errors go to `problems`; what can be read is in the document all the same.
[[nodiscard]] Node read_with_includes(const std::string& path, const ReadFile& read,
                                      Problems& problems);

}  // namespace millrace::config
