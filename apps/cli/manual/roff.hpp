// Roff: text of a manual page, in the macros of man(7).
#pragma once

#include <string>
#include <string_view>

namespace millrace::cli {

/// `text` so that troff prints it as it is, also at the begin of a line. Hyphens become minus signs,
/// which can be copied into a shell.
[[nodiscard]] std::string escape_roff(std::string_view text);

/// Writes a page. All texts are plain; this class escapes them.
class Roff {
 public:
  /// Begins page `name` of section 1, with its section NAME. `source`: program and version.
  Roff(std::string_view name, std::string_view description, std::string_view source);

  void section(std::string_view title);
  void subsection(std::string_view title);
  void paragraph(std::string_view text);
  /// A line in which `bold` is typed as it is and `rest` stands for something.
  void synopsis(std::string_view bold, std::string_view rest);
  /// An entry of a list: its head as in synopsis(), and the text of one paragraph.
  void entry(std::string_view bold, std::string_view rest, std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void line(std::string_view text);

  std::string text_;
};

}  // namespace millrace::cli
