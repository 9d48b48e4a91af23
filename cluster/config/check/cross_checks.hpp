// What no single key can tell: whether the configuration as a whole makes sense.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/config/read/resolved.hpp"

namespace millrace::config {

class Complaints {
 public:
  explicit Complaints(Resolved& resolved) : resolved_(resolved) {}

  /// Whether neither `path` nor anything below it has a problem so far.
  [[nodiscard]] bool is_sound(std::string_view path) const;

  /// Complains at the place of the key, or of `otherwise` where it has none of its own.
  void add(const std::string& path, std::string what, const std::string& otherwise = {});

  /// The last parts of the keys that stand in the table at `path`.
  [[nodiscard]] std::vector<std::string> names_below(const std::string& path) const;

  [[nodiscard]] const Config& config() const { return resolved_.config; }

 private:
  Resolved& resolved_;
};

/// Adds a problem for each contradiction between keys. Keys that have a problem of their own are
/// not held against others. Files are not looked at: see load.hpp.
void check_across(Resolved& resolved);

class Complaints;

/// By subject; each complains through its argument.
void check_nodes(Complaints& complaints);      ///< names, addresses, shards
void check_security(Complaints& complaints);   ///< nothing beyond loopback without a key
void check_limits(Complaints& complaints);     ///< of queues, the journal, HTTP, membership, CAF
void check_pipelines(Complaints& complaints);  ///< names, roles, options of stages

}  // namespace millrace::config
