// Output of `millrace bench`: one line for each result.
#pragma once

#include <nlohmann/json.hpp>

namespace millrace::cli {

/// Prints the members of an object to stdout, as one line: "name value  name value", or as JSON.
void print_line(const nlohmann::ordered_json& line, bool json);

}  // namespace millrace::cli
