// What comes out of reading a configuration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/config/config.hpp"
#include "cluster/config/read/document.hpp"

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

/// A node that does not say where it listens or what it is for has that from its entry under
/// cluster.nodes, with the place of it.
void derive(Node& root);

/// Takes each value of the document into `into.config` and `into.settings`, and defaults where it
/// says nothing. Unknown keys and values out of range become problems; so do required keys that are
/// missing, unless the document `is_partial` because a file could not be read.
void convert(const Node& root, bool is_partial, Resolved& into);

}  // namespace millrace::config
