// What the key table says, as a page of documentation.
#pragma once

#include <string>

namespace millrace::config {

/// docs/config.md.
[[nodiscard]] std::string reference_page();

/// A config file of all keys at their defaults, each with its meaning; those without a default, and
/// lists, are commented out. It loads as it is, and with everything commented in.
[[nodiscard]] std::string defaults_file();

}  // namespace millrace::config
