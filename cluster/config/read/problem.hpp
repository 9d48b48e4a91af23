// What is wrong with a configuration, and where.
#pragma once

#include <string>
#include <vector>

#include "cluster/config/read/document.hpp"

namespace millrace::config {

struct Problem {
  Place place;
  std::string path;  ///< of the key, such as "log.level"
  std::string what;  ///< "expected …, got …"
};

using Problems = std::vector<Problem>;

/// "a.toml:3:7: error: log.level: expected …, got …".
[[nodiscard]] inline std::string to_string(const Problem& problem) {
  return to_string(problem.place) + ": error: " + problem.path + ": " + problem.what;
}

}  // namespace millrace::config
