// What cross checks need: to ask whether a key is sound, and to complain at its place.
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

}  // namespace millrace::config
