// What the terminal behind a stream can show.
#pragma once

#include <optional>
#include <string_view>

namespace millrace::report {

/// The values of --color.
enum class ColorChoice { automatic, always, never };

/// "auto", "always" or "never"; none of another text.
[[nodiscard]] std::optional<ColorChoice> parse_color(std::string_view text);

/// Whether to colour: as chosen; when automatic, on a terminal, unless the environment has a
/// NO_COLOR that is not empty (no-color.org) or TERM=dumb.
[[nodiscard]] bool use_color(ColorChoice choice, int file_descriptor);

/// Whether `file_descriptor` is a terminal that can rewrite its line.
[[nodiscard]] bool is_terminal(int file_descriptor);

/// Columns of the terminal; 80 where it does not say.
[[nodiscard]] int terminal_width(int file_descriptor);

}  // namespace millrace::report
