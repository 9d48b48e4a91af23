// Which messages a query is about: ?id=&key=&code=&origin_queue=&max=.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "actors/operate/operation.hpp"
#include "cluster/http/node_api.hpp"
#include "messages/result.hpp"

namespace millrace::http {

struct FilterQuery {
  MessageFilter filter{};
  std::optional<std::uint64_t> max{};
  bool all = false;
};

struct FilterRules {
  bool has_max = false;
  std::uint64_t max_limit = no_maximum;
  bool has_all = false;  ///< all=true is allowed
};

/// Fails with `invalid_argument`, which names the parameter.
[[nodiscard]] Result<FilterQuery> parse_filter(const std::map<std::string, std::string>& query,
                                               const FilterRules& rules);

[[nodiscard]] bool is_dead_letter_queue(NodeApi& api, const std::string& queue);

}  // namespace millrace::http
