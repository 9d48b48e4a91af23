// Properties of the terminal behind a stream.
#pragma once

#include <optional>
#include <string_view>

namespace millrace::report {

/// The values of --color.
enum class ColorChoice { automatic, always, never };

/// Parses "auto", "always" or "never"; nullopt for other text.
[[nodiscard]] std::optional<ColorChoice> parse_color(std::string_view text);

/// Returns whether to use colour. `automatic`: on a terminal, unless NO_COLOR is set and not empty
/// (no-color.org) or TERM=dumb.
[[nodiscard]] bool use_color(ColorChoice choice, int file_descriptor);

/// Whether `file_descriptor` is a terminal that can rewrite its line.
[[nodiscard]] bool is_terminal(int file_descriptor);

/// Columns of the terminal; 80 if unknown.
[[nodiscard]] int terminal_width(int file_descriptor);

}  // namespace millrace::report
