// What comes from outside of files: environment variables, --set, and flags.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "cluster/config/read/document.hpp"

namespace millrace::config {

/// An environment variable. MILLRACE__LOG__LEVEL stands for log.level: two underscores for a dot,
/// case does not count, and one underscore also stands for a hyphen. Others are left alone.
struct Variable {
  std::string name;
  std::string value;
};

/// A flag of the command line that stands for a key.
struct Flag {
  std::string name;  ///< as it is shown: "--data-dir"
  std::string path;  ///< of the key: "node.data_dir"
  std::string value;
};

/// Lays the variables over the document, sorted by name.
void apply_environment(Node& root, std::span<const Variable> variables, Problems& problems);

/// Lays "path=value" over the document, in order. Items of lists go by their number from 0, the
/// next one being new, or by their name, in quotes where it has a dot:
/// queue."orders.placed".in_flight=100. Lists of names are separated by commas.
void apply_sets(Node& root, std::span<const std::string> sets, Problems& problems);

/// Lays flags over the document, in order.
void apply_flags(Node& root, std::span<const Flag> flags, Problems& problems);

}  // namespace millrace::config
