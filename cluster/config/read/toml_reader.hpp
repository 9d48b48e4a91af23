// Reads TOML. The one file that knows toml++ is toml_reader.cpp.
#pragma once

#include <string>
#include <string_view>

#include "cluster/config/read/document.hpp"
#include "cluster/config/read/problem.hpp"

namespace millrace::config {

/// Bytes of one file; far beyond any that a person writes.
inline constexpr std::size_t file_bytes_max = 1U << 20;

/// The document in `text`, with `source` as the file of its places. What is wrong with it goes to
/// `problems`, and the document is empty then: a reader of TOML stops at the first mistake. Any
/// bytes may come in.
[[nodiscard]] Node read_toml(std::string_view text, const std::string& source, Problems& problems);

}  // namespace millrace::config
