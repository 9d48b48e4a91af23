// Prints the key table: as a reference page and as a config file.
#pragma once

#include <string>

namespace millrace::config {

/// The text of docs/config.md, in Markdown.
[[nodiscard]] std::string reference_page();

/// A config file with every key at its default and its description as a comment. Keys without a
/// default and lists are commented out. The file loads as it is and with all keys uncommented.
[[nodiscard]] std::string defaults_file();

}  // namespace millrace::config
