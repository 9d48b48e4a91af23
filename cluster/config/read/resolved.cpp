#include "cluster/config/read/resolved.hpp"

#include <algorithm>

namespace millrace::config {

const Setting* Resolved::find(std::string_view path) const {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [&](const Setting& setting) { return setting.path == path; });
  return found == settings.end() ? nullptr : &*found;
}

}  // namespace millrace::config
