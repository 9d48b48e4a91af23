#include "apps/cli/manual/roff.hpp"

namespace millrace::cli {

std::string escape_roff(std::string_view text) {
  std::string escaped;
  bool is_at_begin = true;
  for (const char c : text) {
    if (is_at_begin && (c == '.' || c == '\'')) escaped += "\\&";
    is_at_begin = c == '\n';
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

namespace {

// An argument of a macro.
std::string quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : escape_roff(text)) {
    if (c == '"') {
      quoted += "\\(dq";
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string head(std::string_view bold, std::string_view rest) {
  std::string text = "\\fB" + escape_roff(bold) + "\\fR";
  if (!rest.empty()) text += " \\fI" + escape_roff(rest) + "\\fR";
  return text;
}

}  // namespace

Roff::Roff(std::string_view name, std::string_view description, std::string_view source) {
  line(".TH " + quoted(name) + " 1 \"\" " + quoted(source));
  line(".nh");  // names of commands are not broken at a hyphen of their own
  section("NAME");
  // In this form whatis(1) finds it: one line, and nothing before it.
  line(escape_roff(name) + " \\- " + escape_roff(description));
}

void Roff::line(std::string_view text) {
  text_ += text;
  text_ += '\n';
}

void Roff::section(std::string_view title) {
  line(".SH " + quoted(title));
}

void Roff::subsection(std::string_view title) {
  line(".SS " + quoted(title));
}

void Roff::paragraph(std::string_view text) {
  line(".PP");
  line(escape_roff(text));
}

void Roff::synopsis(std::string_view bold, std::string_view rest) {
  line(".PP");
  line(head(bold, rest));
}

void Roff::entry(std::string_view bold, std::string_view rest, std::string_view text) {
  line(".TP");
  line(head(bold, rest));
  line(escape_roff(text));
}

}  // namespace millrace::cli
