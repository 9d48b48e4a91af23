// printable(): texts from outside, such as keys and reasons, for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace millrace::cli {

/// `text` with everything escaped that could move a terminal's cursor, change its state, or reorder
/// what it shows: control characters (C0, DEL, C1), line and paragraph separators, and marks of the
/// direction of text. A character is shown as \n, \r, \t, \x1b or \u202e; a byte that is not UTF-8
/// as \x80. A backslash stays as it is: the result is for people.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace millrace::cli
