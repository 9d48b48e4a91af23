// -o/--output and --json, as every listing command has them.
#pragma once

#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "apps/cli/output.hpp"

namespace millrace::cli {

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
