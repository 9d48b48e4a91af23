#include "cluster/config/check/cross_checks.hpp"

#include <algorithm>
#include <utility>

namespace millrace::config {

void check_across(Resolved& resolved) {
  Complaints complaints(resolved);
  check_nodes(complaints);
  check_security(complaints);
  check_limits(complaints);
  check_pipelines(complaints);
}

bool Complaints::is_sound(std::string_view path) const {
  return std::none_of(
      resolved_.problems.begin(), resolved_.problems.end(), [&](const Problem& problem) {
        return problem.path.starts_with(path) &&
               (problem.path.size() == path.size() || problem.path[path.size()] == '.');
      });
}

void Complaints::add(const std::string& path, std::string what, const std::string& otherwise) {
  const Setting* setting = resolved_.find(path);
  if ((setting == nullptr || setting->is_default) && !otherwise.empty()) {
    if (const Setting* other = resolved_.find(otherwise)) setting = other;
  }
  resolved_.problems.push_back(
      {.place = setting != nullptr ? setting->place : Place{.source = "default"},
       .path = path,
       .what = std::move(what)});
}

std::vector<std::string> Complaints::names_below(const std::string& path) const {
  std::vector<std::string> names;
  for (const Setting& setting : resolved_.settings) {
    if (setting.is_default) continue;
    if (setting.path.starts_with(path + '.')) names.push_back(setting.path.substr(path.size() + 1));
  }
  return names;
}

}  // namespace millrace::config
