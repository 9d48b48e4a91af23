#include "cluster/config/load/config_core.hpp"

#include <algorithm>
#include <tuple>

#include "cluster/config/check/cross_checks.hpp"
#include "cluster/config/read/convert.hpp"
#include "cluster/config/read/derive.hpp"

namespace millrace::config {

Resolved resolve(const Inputs& inputs, const ReadFile& read) {
  Resolved resolved;
  Node root;
  if (!inputs.file.empty()) root = read_with_includes(inputs.file, read, resolved.problems);
  const bool is_partial = !resolved.problems.empty();
  apply_environment(root, inputs.environment, resolved.problems);
  apply_sets(root, inputs.sets, resolved.problems);
  apply_flags(root, inputs.flags, resolved.problems);
  derive(root);
  convert(root, is_partial, resolved);
  if (!is_partial) check_across(resolved);
  sort_problems(resolved.problems);
  return resolved;
}

void sort_problems(Problems& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.place.source, a.place.line, a.place.column) <
           std::tie(b.place.source, b.place.line, b.place.column);
  });
  const auto last =
      std::unique(problems.begin(), problems.end(),
                  [](const Problem& a, const Problem& b) { return to_string(a) == to_string(b); });
  problems.erase(last, problems.end());
}

}  // namespace millrace::config
