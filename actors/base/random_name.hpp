// A name that nobody has had before.
#pragma once

#include <string>

namespace millrace {

/// 128 random bits of the system's, in hexadecimal digits. Any thread.
[[nodiscard]] std::string random_name();

}  // namespace millrace
