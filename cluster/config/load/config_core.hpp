// The core of configuration: text, environment and overrides in; a Config or all errors out. Pure.
//
//   defaults < include < file < environment < --set < flag
#pragma once

#include <string>
#include <vector>

#include "cluster/config/read/includes.hpp"
#include "cluster/config/read/overrides.hpp"
#include "cluster/config/read/resolved.hpp"

namespace millrace::config {

struct Inputs {
  std::string file;  ///< where reading begins; empty: there is none
  std::vector<Variable> environment{};
  std::vector<std::string> sets{};  ///< "path=value" each
  std::vector<Flag> flags{};
};

/// Reads and checks everything. All mistakes are found at once; what a file that is no TOML might
/// have said is not guessed. Files are read through `read`, and none but the config's own: whether
/// certificates are there is for load.hpp.
[[nodiscard]] Resolved resolve(const Inputs& inputs, const ReadFile& read);

/// Puts problems in the order of their places, file by file; of equal ones the first stays.
void sort_problems(Problems& problems);

}  // namespace millrace::config
