#include "cluster/config/read/parse_value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include <spdlog/fmt/fmt.h>

#include "cluster/config/address.hpp"
#include "cluster/config/read/toml_reader.hpp"

namespace millrace::config {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// Durations in us and sizes in bytes. Largest first: format() uses the first unit that divides the
// number.
constexpr std::array<Unit, 6> durations{{{"d", 86'400'000'000},
                                         {"h", 3'600'000'000},
                                         {"m", 60'000'000},
                                         {"s", 1'000'000},
                                         {"ms", 1'000},
                                         {"us", 1}}};
constexpr std::array<Unit, 5> sizes{{{"TiB", std::int64_t{1} << 40},
                                     {"GiB", std::int64_t{1} << 30},
                                     {"MiB", std::int64_t{1} << 20},
                                     {"KiB", std::int64_t{1} << 10},
                                     {"B", 1}}};

std::optional<std::int64_t> parse(std::string_view text, std::span<const Unit> units) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || number < 0 || text.front() == '-') return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& each : units) {
    if (each.name != unit) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / each.factor) return std::nullopt;
    return number * each.factor;
  }
  return std::nullopt;
}

std::string format(std::int64_t number, std::span<const Unit> units) {
  for (const Unit& each : units) {
    if (number != 0 && number % each.factor == 0) {
      return std::to_string(number / each.factor) + std::string(each.name);
    }
  }
  return std::to_string(number) + std::string(units.back().name);
}

}  // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) {
  return parse(text, durations);
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  return parse(text, sizes);
}

std::string format_duration(std::int64_t us) {
  return format(us, durations);
}

std::string show(std::chrono::microseconds span) {
  return quote(format_duration(span.count()));
}

std::string format_size(std::int64_t bytes) {
  return format(bytes, sizes);
}

namespace {

constexpr std::size_t text_max = 4096;
constexpr std::size_t names_max = 256;

bool is_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 100 && std::all_of(text.begin(), text.end(), allowed);
}

bool is_path(std::string_view text) {
  return !text.empty() && text.size() <= text_max && text.find('\0') == std::string_view::npos;
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T number{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return number;
}

std::optional<std::int64_t> integer_of(const Key& key, const Node& node) {
  switch (key.type) {
    case Type::duration:
      return is_text(node) ? parse_duration(node.text) : std::nullopt;
    case Type::size:
      return is_text(node) ? parse_size(node.text) : std::nullopt;
    default:
      if (node.kind == Node::Kind::integer) return node.integer;
      if (node.kind == Node::Kind::bare) return parse_number<std::int64_t>(node.text);
      return std::nullopt;
  }
}

std::optional<double> decimal_of(const Node& node) {
  if (node.kind == Node::Kind::decimal) return node.decimal;
  if (node.kind == Node::Kind::integer) return static_cast<double>(node.integer);
  if (node.kind == Node::Kind::bare) return parse_number<double>(node.text);
  return std::nullopt;
}

std::optional<bool> boolean_of(const Node& node) {
  if (node.kind == Node::Kind::boolean) return node.boolean;
  if (node.kind == Node::Kind::bare && node.text == "true") return true;
  if (node.kind == Node::Kind::bare && node.text == "false") return false;
  return std::nullopt;
}

// Texts of a list, of a single text without brackets, or of an override separated by commas.
std::optional<std::vector<std::string>> texts_of(const Node& node) {
  std::vector<std::string> texts;
  if (node.kind == Node::Kind::text) {
    texts.push_back(node.text);
  } else if (node.kind == Node::Kind::bare) {
    std::string_view rest = node.text;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      texts.emplace_back(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
    }
  } else if (node.kind == Node::Kind::list) {
    for (const Node& item : node.items) {
      if (item.kind != Node::Kind::text) return std::nullopt;
      texts.push_back(item.text);
    }
  } else {
    return std::nullopt;
  }
  if (texts.size() > names_max) return std::nullopt;
  return texts;
}

// RFC 6901: "~" only as "~0" and "~1".
bool is_pointer(std::string_view text) {
  if (text.size() < 2 || text.size() > text_max || text.front() != '/') return false;
  for (std::size_t at = text.find('~'); at != text.npos; at = text.find('~', at + 1)) {
    if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
  }
  return true;
}

bool accepts_text(Type type, std::string_view text) {
  switch (type) {
    case Type::name:
    case Type::names:
      return is_name(text);
    case Type::seat:
      return text == any_seat || is_name(text);
    case Type::path:
    case Type::paths:
    case Type::text:
      return is_path(text);
    case Type::address:
      return parse_address(text).has_value();
    case Type::pointer:
      return is_pointer(text);
    default:
      return !text.empty() && text.size() <= text_max;
  }
}

bool fill_number(const Key& key, const Node& node, Value& value) {
  const auto number = integer_of(key, node);
  if (!number || *number < key.min || *number > key.max || *number % key.step != 0) return false;
  value.integer = *number;
  return true;
}

bool fill_decimal(const Key& key, const Node& node, Value& value) {
  const auto number = decimal_of(node);
  if (!number || !std::isfinite(*number)) return false;
  if (*number < static_cast<double>(key.min) || *number > static_cast<double>(key.max))
    return false;
  value.decimal = *number;
  return true;
}

bool fill_choice(const Key& key, const Node& node, Value& value) {
  if (!is_text(node)) return false;
  const auto found = std::find(key.choices.begin(), key.choices.end(), node.text);
  if (found == key.choices.end()) return false;
  value.text = node.text;
  value.integer = found - key.choices.begin();
  return true;
}

bool fill(const Key& key, const Node& node, Value& value) {
  switch (key.type) {
    case Type::integer:
    case Type::duration:
    case Type::size:
      return fill_number(key, node, value);
    case Type::decimal:
      return fill_decimal(key, node, value);
    case Type::boolean: {
      const auto boolean = boolean_of(node);
      value.boolean = boolean.value_or(false);
      return boolean.has_value();
    }
    case Type::choice:
      return fill_choice(key, node, value);
    case Type::names:
    case Type::paths: {
      auto texts = texts_of(node);
      if (!texts) return false;
      value.texts = std::move(*texts);
      return std::all_of(value.texts.begin(), value.texts.end(),
                         [&](const std::string& text) { return accepts_text(key.type, text); });
    }
    default:
      value.text = node.text;
      return is_text(node) && accepts_text(key.type, node.text);
  }
}

std::string quoted_list(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  quoted.reserve(texts.size());
  for (const std::string& text : texts) quoted.push_back(quote(text));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

// Describes the node as describe() does, but prints the items of a list of at most 4, to show the
// wrong one.
std::string shown(const Node& node) {
  if (node.kind != Node::Kind::list || node.items.size() > 4) return describe(node);
  std::vector<std::string> items;
  for (const Node& item : node.items) items.push_back(describe(item));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

std::string plain(std::int64_t number) {
  return std::to_string(number);
}

// A bound with its unit and in quotes, as a value is written in the file.
template <std::string (*Format)(std::int64_t)>
std::string quoted(std::int64_t number) {
  return quote(Format(number));
}

std::string with_range(const Key& key, std::string_view what, std::string (*format)(std::int64_t)) {
  std::string text = fmt::format("{} from {} to {}", what, format(key.min), format(key.max));
  if (key.step > 1) text += ", a multiple of " + format(key.step);
  return text;
}

}  // namespace

std::string expectation(const Key& key) {
  switch (key.type) {
    case Type::name:
      return "a name (1 to 100 of [a-z0-9._-])";
    case Type::seat:
      return "a name (1 to 100 of [a-z0-9._-]), or \"*\"";
    case Type::names:
      return "a list of names (1 to 100 of [a-z0-9._-] each)";
    case Type::text:
      return "a text that is not empty";
    case Type::path:
      return "a path";
    case Type::paths:
      return "a path, or a list of them";
    case Type::address:
      return "an address \"host:port\"";
    case Type::pointer:
      return "a JSON pointer such as \"/customer/id\"";
    case Type::integer:
      return with_range(key, "an integer", plain);
    case Type::decimal:
      return with_range(key, "a number", plain);
    case Type::boolean:
      return "true or false";
    case Type::duration:
      return with_range(key, "a duration", quoted<format_duration>);
    case Type::size:
      return with_range(key, "a size", quoted<format_size>);
    case Type::choice:
      return fmt::format("one of \"{}\"", fmt::join(key.choices, "\", \""));
  }
  return {};
}

std::variant<Value, std::string> parse_value(const Key& key, const Node& node) {
  Value value;
  if (fill(key, node, value)) return value;
  std::string what = "expected " + expectation(key) + ", got " + shown(node);
  if ((key.type == Type::duration || key.type == Type::size) && !is_text(node)) {
    what += ", which has no unit";
  }
  return what;
}

std::string to_toml(const Key& key, const Value& value) {
  switch (key.type) {
    case Type::integer:
      return std::to_string(value.integer);
    case Type::decimal:
      return fmt::format("{}", value.decimal);
    case Type::boolean:
      return value.boolean ? "true" : "false";
    case Type::duration:
      return quote(format_duration(value.integer));
    case Type::size:
      return quote(format_size(value.integer));
    case Type::names:
    case Type::paths:
      return quoted_list(value.texts);
    default:
      return quote(value.text);
  }
}

Node node_of_toml(std::string_view toml) {
  Problems problems;
  const Node root = read_toml("value = " + std::string(toml), "default", problems);
  return root.members.empty() ? Node() : root.members.front().node;
}

}  // namespace millrace::config
