#include "apps/cli/output.hpp"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <map>

#include "apps/cli/exit_code.hpp"
#include "apps/cli/printable.hpp"

namespace millrace::cli {
namespace {

// Prints JSON. Replaces invalid UTF-8 by U+FFFD: keys and reasons are bytes chosen by users.
std::string dump(const nlohmann::ordered_json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string cell(const nlohmann::ordered_json& value) {
  if (value.is_null()) return "-";
  return printable(value.is_string() ? value.get<std::string>() : dump(value, -1));
}

}  // namespace

std::string table_of(const Listing& listing) {
  std::string out;
  std::vector<std::size_t> widths;
  for (const std::string& column : listing.columns) {
    std::size_t width = column.size();
    for (const auto& row : listing.rows) {
      width = std::max(width, row.contains(column) ? cell(row.at(column)).size() : 0);
    }
    widths.push_back(width);
  }
  const auto print_row = [&](const auto& text_of) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string text = text_of(i);
      out += text;
      if (i + 1 < widths.size()) out.append(widths[i] - text.size() + 2, ' ');
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
    if (value.is_array()) {
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
  command.add_option("-o,--output", format, "table, json or jsonl")
      ->transform(CLI::CheckedTransformer(names))
      ->type_name("FORMAT");
  const auto set_json = [&format] {
    format = Format::json;
  };
  command.add_flag_callback("--json", set_json, "same as -o json");
}

}  // namespace millrace::cli
