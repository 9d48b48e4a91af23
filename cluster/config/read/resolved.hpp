// Resolved: the result of applying the key table to a document: a Config, each setting with its
// source, and all problems.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/config/config.hpp"
#include "cluster/config/program_keys.hpp"
#include "cluster/config/read/document.hpp"

namespace millrace::config {

/// The value of one key, and the position that set it.
struct Setting {
  std::string path;   ///< "cluster.nodes.0.name": list items are numbered from 0
  std::string value;  ///< as TOML
  Place place;        ///< source "default" if no input sets the key
  bool is_default = false;
};

/// `config` is valid only if `problems` is empty.
struct Resolved {
  Config config{};
  std::vector<Setting> settings{};  ///< in the order of the key table
  Problems problems{};              ///< after sort_problems(): by file, line and column
  ProgramConfig program{};          ///< values of the program's own keys

  /// Returns the setting with this path, or nullptr. Valid until `settings` changes.
  [[nodiscard]] const Setting* find(std::string_view path) const;
};

/// Copies address, http and roles of this node's entry in cluster.nodes to listen.cluster,
/// listen.http and node.roles, where those are not set. Keeps the position of the entry.
void derive(Node& root);

/// Stores each value of the document, and the default of each missing key, in `into.config` and
/// `into.settings`. Appends a Problem for each unknown key and each value out of range; and for each
/// missing required key, unless `is_partial` (a file of the document could not be read).
void convert(const Node& root, bool is_partial, Resolved& into);

}  // namespace millrace::config
