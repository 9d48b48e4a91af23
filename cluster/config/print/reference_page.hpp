// What the key table says, as a page of documentation.
#pragma once

#include <string>

namespace millrace::config {

/// docs/config.md.
[[nodiscard]] std::string reference_page();

}  // namespace millrace::config
