// How commands print: a table for people, JSON for programs.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

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

}  // namespace millrace::cli
