#include "cluster/http/json/raw_json.hpp"

namespace millrace::http {
namespace {

constexpr std::string_view blanks = " \t\r\n";

/// Walks over the values of a text that is known to be JSON.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  /// Skips blanks, and `c` if it is next; returns whether it was.
  bool take(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  [[nodiscard]] bool at_end() {
    skip_blanks();
    return at_ >= text_.size();
  }

  std::string_view value() {
    skip_blanks();
    const std::size_t begin = at_;
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        skip_string();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
        continue;
      } else if (c == '}' || c == ']') {
        if (depth == 0) break;
        --depth;
        ++at_;
      } else if (depth == 0 && (c == ',' || blanks.find(c) != blanks.npos)) {
        break;
      } else {
        ++at_;
        if (depth == 0) continue;  // within a number or a word
      }
      if (depth == 0) break;
    }
    return text_.substr(begin, at_ - begin);
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && blanks.find(text_[at_]) != blanks.npos) ++at_;
  }

  void skip_string() {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> raw_members(std::string_view text) {
  std::vector<std::pair<std::string_view, std::string_view>> members;
  Scanner scanner(text);
  if (!scanner.take('{')) return members;
  while (!scanner.take('}') && !scanner.at_end()) {
    const std::string_view name = scanner.value();
    scanner.take(':');
    members.emplace_back(name, scanner.value());
    scanner.take(',');
  }
  return members;
}

std::vector<std::string_view> raw_elements(std::string_view text) {
  std::vector<std::string_view> elements;
  Scanner scanner(text);
  if (!scanner.take('[')) return elements;
  while (!scanner.take(']') && !scanner.at_end()) {
    elements.push_back(scanner.value());
    scanner.take(',');
  }
  return elements;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace millrace::http
