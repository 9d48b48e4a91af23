// What comes out of reading a configuration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/config/config.hpp"
#include "cluster/config/read/document.hpp"
#include "cluster/config/read/problem.hpp"

namespace millrace::config {

/// One key with its value, and who said so.
struct Setting {
  std::string path;   ///< "cluster.nodes.0.name": items of lists by number from 0
  std::string value;  ///< as TOML
  Place place;        ///< "default" where nobody did
  bool is_default = false;
};

/// `config` is to be used only where there are no problems.
struct Resolved {
  Config config{};
  std::vector<Setting> settings{};  ///< in the order of the key table
  Problems problems{};              ///< in the order of their places, file by file

  /// The setting of this path, or null.
  [[nodiscard]] const Setting* find(std::string_view path) const;
};

}  // namespace millrace::config
