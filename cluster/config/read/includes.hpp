// Follows `include`: one document out of a file and all that it builds on.
#pragma once

#include <functional>
#include <string>

#include "cluster/config/read/document.hpp"
#include "cluster/config/read/problem.hpp"
#include "messages/result.hpp"

namespace millrace::config {

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
