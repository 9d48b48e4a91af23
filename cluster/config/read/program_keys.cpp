#include "cluster/config/program_keys.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "cluster/config/keys/keys_program.hpp"
#include "cluster/config/read/parse_value.hpp"

namespace millrace::config {
namespace {

bool is_key_part(std::string_view part) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !part.empty() && part.size() <= 50 && part.front() >= 'a' && part.front() <= 'z' &&
         std::all_of(part.begin(), part.end(), fits) && part.find("__") == part.npos;
}

bool is_flag(std::string_view flag) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (!flag.starts_with("--")) return false;
  flag.remove_prefix(2);
  return !flag.empty() && flag.size() <= 50 && flag.front() >= 'a' && flag.front() <= 'z' &&
         std::all_of(flag.begin(), flag.end(), fits);
}

Error refused(const ConfigKey& key, const std::string& what) {
  return {ErrorCode::invalid_argument, "the program's key \"" + key.path + "\": " + what};
}

Result<ProgramKey> check(const ConfigKey& key, const KeyTable& own) {
  const std::size_t dot = key.path.find('.');
  const std::string table = key.path.substr(0, dot);
  if (dot == std::string::npos || !is_key_part(table) || !is_key_part(key.path.substr(dot + 1))) {
    return refused(
        key,
        "expected \"table.key\", each 1 to 50 characters of [a-z0-9_] without __, a letter "
        "first");
  }
  const auto is_in_table = [&table](const Key& each) {
    return each.path == table || each.path.starts_with(table + '.') ||
           each.path.starts_with(table + "[]");
  };
  if (std::any_of(own.keys.begin(), own.keys.end(), is_in_table)) {
    return refused(key, "[" + table + "] is a table of Millrace; expected one of the program");
  }
  if (!key.flag.empty() && !is_flag(key.flag)) {
    return refused(key,
                   "flag: expected -- and 1 to 50 characters of [a-z0-9-], a letter first, got \"" +
                       key.flag + '"');
  }
  if (key.doc.empty()) return refused(key, "doc: expected a sentence, got none");
  if (key.min > key.max) return refused(key, "min: expected max or less");
  ProgramKey checked{.key = key, .fallback = {}};
  if (key.fallback.empty()) return checked;
  if (key.is_required) return refused(key, "fallback: expected none, as the key is required");
  const Key row = row_of(checked);
  const auto value = parse_value(row, Node(Node::Kind::bare, {}, key.fallback));
  if (const auto* what = std::get_if<std::string>(&value))
    return refused(key, "fallback: " + *what);
  checked.fallback = to_toml(row, std::get<Value>(value));
  return checked;
}

}  // namespace

Result<void> add_program_keys(std::vector<ConfigKey> keys) {
  std::set<std::string> paths;
  std::set<std::string> flags{"--config",      "--set",          "--data-dir", "--log-level",
                              "--accept-loss", "--start-paused", "--help",     "--version"};
  std::vector<ProgramKey> checked;
  const KeyTable own = millrace_keys();
  for (const ConfigKey& key : keys) {
    auto fine = check(key, own);
    if (!fine) return fine.error();
    if (!paths.insert(key.path).second) return refused(key, "expected once, got again");
    if (!key.flag.empty() && !flags.insert(key.flag).second) {
      return refused(key, "flag: " + key.flag + " is there already");
    }
    checked.push_back(*std::move(fine));
  }
  program_keys() = std::move(checked);
  return {};
}

}  // namespace millrace::config
