// Names of the files in a data directory that are not part of the log.
#pragma once

#include <string_view>

namespace millrace::files {

/// The number of the node's latest start. A node writes it before it opens the log, so it may exist
/// before any other file.
inline constexpr std::string_view incarnation_name = "incarnation";

/// What the workers of the node handle: see actors/receiver/running_table.hpp.
inline constexpr std::string_view running_name = "running";

/// Directory of the state store: see actors/state_store/rocks_table.hpp.
inline constexpr std::string_view state_name = "state";

/// What the process remembers of the seat whose log is in a database: see cluster/node/remembered_seat.hpp.
inline constexpr std::string_view seat_name = "seat";

/// Ends the name of a file that is not complete yet. A crash may leave the file; the next writer
/// of the directory removes it.
inline constexpr std::string_view unfinished_suffix = ".tmp";

}  // namespace millrace::files
