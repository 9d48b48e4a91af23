// Checks that involve more than one key. The checks of files are in load/load.hpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/config/read/resolved.hpp"

namespace millrace::config {

/// Reads the result of conversion and adds problems to it. Not thread-safe. `resolved` must outlive
/// this object.
class Complaints {
 public:
  explicit Complaints(Resolved& resolved) : resolved_(resolved) {}

  /// Returns whether no problem so far is at `path` or below it.
  [[nodiscard]] bool is_sound(std::string_view path) const;

  /// Adds a problem for `path`, at the position that set it; if `path` has its default, at the
  /// position of the key `otherwise`.
  void add(const std::string& path, std::string what, const std::string& otherwise = {});

  /// Names of the keys that are set in the table at `path`.
  [[nodiscard]] std::vector<std::string> names_below(const std::string& path) const;

  [[nodiscard]] const Config& config() const { return resolved_.config; }

 private:
  Resolved& resolved_;
};

/// Adds a problem for each contradiction between keys. Skips keys that already have a problem. Reads
/// no files.
void check_across(Resolved& resolved);

class Complaints;

// The checks by subject; each adds problems to its argument.
void check_nodes(Complaints& complaints);      ///< names, addresses, shards
void check_security(Complaints& complaints);   ///< nothing beyond loopback without a key
void check_limits(Complaints& complaints);     ///< of queues, the journal, HTTP, membership, CAF
void check_pipelines(Complaints& complaints);  ///< names, roles, options of stages

}  // namespace millrace::config
