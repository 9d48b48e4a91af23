// Overrides: values from environment variables, --set and flags, merged into a document.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "cluster/config/read/document.hpp"

namespace millrace::config {

/// An environment variable. MILLRACE__LOG__LEVEL sets log.level: two underscores stand for a dot,
/// one underscore for an underscore or a hyphen, and case is ignored. Variables without the prefix
/// MILLRACE__ are ignored.
struct Variable {
  std::string name;
  std::string value;
};

/// A flag of the command line that sets a key.
struct Flag {
  std::string name;  ///< as shown in error messages: "--data-dir"
  std::string path;  ///< key path: "node.data_dir"
  std::string value;
};

/// Applies the variables to the document, in order of their names. Appends a Problem for each
/// unknown key.
void apply_environment(Node& root, std::span<const Variable> variables, Problems& problems);

/// Applies each "path=value" in order; a later one wins. A list item is named by its index from 0
/// (an index equal to the length appends an item) or by its `name`, quoted if it contains a dot:
/// queue."orders.placed".in_flight=100. A list value is separated by commas.
void apply_sets(Node& root, std::span<const std::string> sets, Problems& problems);

/// Applies the flags in order; a later one wins.
void apply_flags(Node& root, std::span<const Flag> flags, Problems& problems);

}  // namespace millrace::config
