// Configurations in memory: the content of files, by path.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster/config/file/load.hpp"

namespace millrace::config {

using Files = std::map<std::string, std::string>;

[[nodiscard]] inline ReadFile reader_of(Files files) {
  return [files = std::move(files)](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return Error{ErrorCode::not_found, "No such file or directory"};
    return found->second;
  };
}

/// Loads `files`, starting with the file "f".
[[nodiscard]] inline Resolved resolve_files(Files files, Inputs inputs = {}) {
  inputs.file = "f";
  return resolve(inputs, reader_of(std::move(files)));
}

[[nodiscard]] inline Resolved resolve_text(const std::string& text, Inputs inputs = {}) {
  return resolve_files({{"f", text}}, std::move(inputs));
}

/// The problems as text, one string each.
[[nodiscard]] inline std::vector<std::string> lines(const Resolved& resolved) {
  std::vector<std::string> texts;
  for (const Problem& problem : resolved.problems) texts.push_back(to_string(problem));
  return texts;
}

/// Value and origin of a key as "VALUE from ORIGIN"; empty if the key is not set.
[[nodiscard]] inline std::string told(const Resolved& resolved, const std::string& path) {
  const Setting* setting = resolved.find(path);
  if (setting == nullptr) return {};
  return setting->value + " from " + origin_of(setting->place);
}

}  // namespace millrace::config
