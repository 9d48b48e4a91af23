// How commands print: a table for people, JSON for programs.
#pragma once

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "messages/result.hpp"

namespace millrace::cli {

enum class Format { table, json, jsonl };

/// Rows of a listing. Each row is an object; `columns` are the keys that a table shows, in order.
struct Listing {
  std::vector<std::string> columns;
  std::vector<nlohmann::ordered_json> rows;
};

/// Prints a listing to stdout.
void print(const Listing& listing, Format format);

/// A listing as a table for people.
[[nodiscard]] std::string table_of(const Listing& listing);

/// Prints one object to stdout: as lines "key  value", or as JSON.
void print(const nlohmann::ordered_json& object, Format format);

/// "millrace: error: code: message" on stderr; returns the exit code for it.
int fail(const Error& error);

/// Adds the options to `command`. `format` outlives the parsing.
inline void add_format(CLI::App& command, Format& format) {
  static const std::map<std::string, Format> names{
      {"table", Format::table}, {"json", Format::json}, {"jsonl", Format::jsonl}};
  command.add_option("-o,--output", format, "table, json or jsonl")
      ->transform(CLI::CheckedTransformer(names))
      ->type_name("FORMAT");
  command.add_flag_callback(
      "--json", [&format] { format = Format::json; }, "same as -o json");
}

}  // namespace millrace::cli
