// Many offers in one body: a JSON object in each line.
#pragma once

#include <string>
#include <vector>

#include "cluster/http/json/views_json.hpp"
#include "cluster/http/node_api.hpp"
#include "messages/result.hpp"

namespace millrace::http {

/// Parses lines of {"payload": …, "key": "…", "idempotency_key": "…", "priority": 4, "delay": "5s",
/// "not_before": "2026-01-31T23:59:59Z", "expires_in": "1h", "expires_at": "…", "headers": {"name": "text"}}, of which only the payload must
/// be there: at least one, at most 1,000. Fails with `invalid_argument`; the text names the line.
[[nodiscard]] Result<std::vector<OfferRequest>> parse_offers(const std::string& queue,
                                                             const std::string& body,
                                                             TimeUs now_us);

/// What became of each, in order: {"messages": [{"shard": 3, "key": "…"} | {"code": …, "detail": …}, …]}.
[[nodiscard]] Json to_json(const std::vector<Result<Offered>>& results);

}  // namespace millrace::http
