#include "cluster/http/message/http_message.hpp"

#include <algorithm>

namespace millrace::http {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Error bad(const std::string& what) {
  return {ErrorCode::invalid_argument, what};
}

Result<void> parse_path(HttpRequest& request, std::string_view path) {
  if (path.empty() || path.front() != '/') return bad("path: expected one that begins with /");
  // The two that people type; links within the page are relative to the second.
  if (path == "/" || path == "/ui/") path.remove_suffix(1);
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = path.find('/');
    const auto segment = decode_escapes(path.substr(0, end));
    if (!segment) return bad("path: expected escapes of printable characters");
    if (segment->empty() || *segment == "." || *segment == "..") {
      return bad("path: expected segments that are neither empty nor dots");
    }
    request.path.push_back(*segment);
    path = end == std::string_view::npos ? std::string_view() : path.substr(end);
  }
  return {};
}

Result<void> parse_query(HttpRequest& request, std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const auto name = decode_escapes(pair.substr(0, equals));
    const auto value =
        equals == std::string_view::npos ? std::string() : decode_escapes(pair.substr(equals + 1));
    if (!name || !value) return bad("query: expected escapes of printable characters");
    if (!request.query.emplace(*name, *value).second) {
      return bad("query: expected " + *name + " once");
    }
  }
  return {};
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

}  // namespace

bool equals_in_any_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view HttpRequest::field(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const HttpField& each) {
    return equals_in_any_case(each.name, name);
  });
  return found == fields.end() ? std::string_view() : std::string_view(found->value);
}

std::size_t HttpRequest::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(),
                    [&](const HttpField& each) { return equals_in_any_case(each.name, name); }));
}

std::optional<std::string> decode_escapes(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = digit_of(text[i + 1]);
      const int low = digit_of(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return std::nullopt;
    out += c;
  }
  return out;
}

std::string encode_segment(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                          (byte >= 'A' && byte <= 'Z') || c == '-' || c == '.' || c == '_' ||
                          c == '~';
    if (is_plain) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

Result<void> parse_target(HttpRequest& request) {
  std::string_view target = request.target;
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  if (auto path = parse_path(request, target.substr(0, question)); !path) return path;
  if (question == std::string_view::npos) return {};
  return parse_query(request, target.substr(question + 1));
}

}  // namespace millrace::http
