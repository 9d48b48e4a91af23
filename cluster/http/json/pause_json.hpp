// Pauses in JSON: docs/http.md, "Pause and resume".
#pragma once

#include <string>
#include <vector>

#include "actors/runtime/runtime.hpp"
#include "cluster/http/json/bounded_json.hpp"
#include "cluster/http/json/views_json.hpp"
#include "cluster/http/pause_request.hpp"
#include "messages/result.hpp"

namespace millrace::http {

/// What the body of a request asks for. `client`: who asks, where the body does not say it. Fails with
/// `invalid_argument`.
[[nodiscard]] Result<PauseRequest> parse_pause(const std::string& body, bool resumes,
                                               const std::string& client);

/// What is paused in a queue, a JSON object each.
[[nodiscard]] std::vector<Json> pauses_json(const QueueInfo& queue);

/// A breaker: its state, since when it is not closed, and its counts.
[[nodiscard]] Json breaker_json(const StageCounts::Breaker& breaker);

}  // namespace millrace::http
