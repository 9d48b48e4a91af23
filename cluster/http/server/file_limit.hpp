// The bound of open files, which bounds connections.
#pragma once

#include <cstdint>

#include "messages/result.hpp"

namespace millrace::http {

/// Raises the process's soft bound of open files to the hard one, if `connections` need it beside
/// what the rest of a node opens. Fails with `invalid_argument` if the hard bound is too low; the
/// text says what would do.
[[nodiscard]] Result<void> allow_connections(std::uint64_t connections);

}  // namespace millrace::http
