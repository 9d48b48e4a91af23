#include "apps/cli/output.hpp"

#include <algorithm>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <map>

#include <poll.h>

#include "apps/cli/exit_code.hpp"
#include "apps/cli/printable.hpp"

namespace millrace::cli {
namespace {

// Prints JSON. Replaces invalid UTF-8 by U+FFFD: keys and reasons are bytes chosen by users.
std::string dump(const nlohmann::ordered_json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string cell(const nlohmann::ordered_json& value);

/// Elements with commas between them; numbers that follow each other, such as those of shards, as "0-5".
std::string list_of(const nlohmann::ordered_json& values) {
  std::string all;
  for (std::size_t i = 0; i < values.size(); ++i) {
    all += (all.empty() ? "" : ",") + cell(values[i]);
    if (!values[i].is_number_unsigned()) continue;
    const auto first = values[i].get<std::uint64_t>();
    const auto follows = [&](std::size_t at) {
      return at < values.size() && values[at].is_number_unsigned() &&
             values[at].get<std::uint64_t>() == first + (at - i);
    };
    std::size_t last = i;
    while (follows(last + 1)) ++last;
    if (last < i + 2) continue;
    all += "-" + cell(values[last]);
    i = last;
  }
  return all.empty() ? "-" : all;
}

std::string cell(const nlohmann::ordered_json& value) {
  if (value.is_null()) return "-";
  if (value.is_array()) return list_of(value);
  return printable(value.is_string() ? value.get<std::string>() : dump(value, -1));
}

}  // namespace

std::string table_of(const Listing& listing) {
  std::string out;
  std::vector<std::size_t> widths;
  std::vector<bool> are_numbers;  // by column: then it is aligned to the right
  for (const std::string& column : listing.columns) {
    std::size_t width = column.size();
    bool has_number = false;
    bool has_other = false;
    for (const auto& row : listing.rows) {
      if (!row.contains(column)) continue;
      width = std::max(width, cell(row.at(column)).size());
      has_number = has_number || row.at(column).is_number();
      has_other = has_other || !(row.at(column).is_number() || row.at(column).is_null());
    }
    widths.push_back(width);
    are_numbers.push_back(has_number && !has_other);
  }
  const auto print_row = [&](const auto& text_of) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string text = text_of(i);
      const std::size_t blanks = widths[i] - text.size();
      if (are_numbers[i]) out.append(blanks, ' ');
      out += text;
      if (i + 1 < widths.size()) out.append(are_numbers[i] ? 2 : blanks + 2, ' ');
    }
    out += '\n';
  };
  print_row([&](std::size_t i) { return listing.columns[i]; });
  for (const auto& row : listing.rows) {
    print_row([&](std::size_t i) {
      const std::string& column = listing.columns[i];
      return row.contains(column) ? cell(row.at(column)) : std::string("-");
    });
  }
  return out;
}

void print(const Listing& listing, Format format) {
  if (format == Format::table) {
    std::cout << table_of(listing);
  } else if (format == Format::jsonl) {
    for (const auto& row : listing.rows) std::cout << dump(row, -1) << '\n';
  } else {
    std::cout << dump(nlohmann::ordered_json(listing.rows), 2) << '\n';
  }
}

void print(const nlohmann::ordered_json& object, Format format) {
  if (format != Format::table) {
    std::cout << dump(object, format == Format::json ? 2 : -1) << '\n';
    return;
  }
  std::size_t width = 0;
  for (const auto& [key, value] : object.items()) width = std::max(width, key.size());
  for (const auto& [key, value] : object.items()) {
    const bool has_objects = value.is_array() && !value.empty() && value.front().is_object();
    if (has_objects) {
      std::cout << key << '\n';
      for (const auto& item : value) std::cout << "  " << cell(item) << '\n';
    } else {
      std::cout << key << std::string(width - key.size() + 2, ' ') << cell(value) << '\n';
    }
  }
}

int fail(const Error& error) {
  std::cerr << "millrace: error: " << to_string(error.code) << ": " << printable(error.message)
            << '\n';
  return exit_code_of(error.code);
}

void add_format(CLI::App& command, Format& format) {
  static const std::map<std::string, Format> names{
      {"table", Format::table}, {"json", Format::json}, {"jsonl", Format::jsonl}};
  command
      .add_option_function<std::string>(
          "-o,--output", [&format](const std::string& name) { format = names.at(name); },
          "how to print")
      ->check(CLI::Validator(
          [](std::string& name) {
            return names.contains(name) ? std::string()
                                        : "expected table, json or jsonl, got " + name;
          },
          ""))
      ->type_name("{table,json,jsonl}");
  const auto set_json = [&format] {
    format = Format::json;
  };
  command.add_flag_callback("--json", set_json, "same as -o json");
}

void add_watch(CLI::App& command, bool& is_watched) {
  command.add_flag("--watch", is_watched, "again every two seconds, until it is interrupted");
}

int repeat(bool is_watched, const std::function<int()>& run) {
  if (!is_watched) return run();
  while (std::cout) {
    std::cout << "\x1b[H\x1b[2J";
    run();
    std::cout.flush();
    ::poll(nullptr, 0, 2'000);
  }
  return exit_failed;
}

std::string span_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  if (seconds < 1) return std::to_string(static_cast<std::int64_t>(seconds * 1'000)) + "ms";
  const auto both = [](std::int64_t first, const char* unit, std::int64_t second,
                       const char* smaller) {
    std::string text = std::to_string(first) + unit;
    if (second > 0) text += std::to_string(second) + smaller;
    return text;
  };
  if (whole < 60) return std::to_string(whole) + "s";
  if (whole < 3'600) return both(whole / 60, "m", whole % 60, "s");
  if (whole < 86'400) return both(whole / 3'600, "h", whole / 60 % 60, "m");
  return both(whole / 86'400, "d", whole / 3'600 % 24, "h");
}

}  // namespace millrace::cli
