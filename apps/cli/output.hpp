// Output of commands: a readable table, or JSON.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "messages/result.hpp"

namespace millrace::cli {

enum class Format { table, json, jsonl };

/// Rows of a listing. Each row is a JSON object; `columns` are the keys shown in a table, in order.
struct Listing {
  std::vector<std::string> columns;
  std::vector<nlohmann::ordered_json> rows;
};

/// Prints a listing to stdout.
void print(const Listing& listing, Format format);

/// Formats a listing as a table with a header line; a missing or null value is "-".
[[nodiscard]] std::string table_of(const Listing& listing);

/// A duration of 0 or more as people write it, in at most two units: "33m52s", "40ms".
[[nodiscard]] std::string span_text(double seconds);

/// Prints one object to stdout: for `table` as lines "key  value", else as JSON.
void print(const nlohmann::ordered_json& object, Format format);

/// Prints "millrace: error: code: message" on stderr. Returns exit_code_of(error.code).
int fail(const Error& error);

/// Adds --watch to `command`. REQUIRES: `is_watched` outlives the parsing.
void add_watch(CLI::App& command, bool& is_watched);
/// Calls `run` once; or, `is_watched`, every two seconds, each time on a cleared screen, until the
/// program is interrupted.
int repeat(bool is_watched, const std::function<int()>& run);

/// Adds -o/--output and --json to `command`. REQUIRES: `format` outlives the parsing.
void add_format(CLI::App& command, Format& format);

}  // namespace millrace::cli
