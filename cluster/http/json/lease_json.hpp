// Leases of external stages as JSON: what workers ask for, get, and give back. docs/http.md has the
// forms.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "actors/receiver/external/external_lease.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "cluster/http/cluster_view.hpp"
#include "cluster/http/json/views_json.hpp"
#include "messages/result.hpp"

namespace millrace::http {

/// A worker's request for messages.
struct LeaseRequest {
  std::uint32_t max = 1;    ///< messages, 1 to 1,000
  DurationUs wait_us = 0;   ///< 0 to 60 s
  DurationUs lease_us = 0;  ///< 1 s to 24 h; 0: as the stage has it
  bool is_session = false;  ///< the leases end with the connection
};

/// Parses a request. Fails with `invalid_argument`: the text names the field.
[[nodiscard]] Result<LeaseRequest> parse_lease_request(const std::string& body);

/// The answer with leases of `stage`. Payloads of millrace.Json are the text that they came with.
[[nodiscard]] std::string leases_text(const std::vector<receivers::ExternalLease>& leases,
                                      const StageSpec& stage, TimeUs now_us);

/// Finds the stage of a token; null: none can have given it.
using StageOfToken = std::function<const StageSpec*(const std::string&)>;

/// What a worker says of a lease.
struct SaidOfLease {
  receivers::ExternalOutcome outcome{};
  std::string invalid{};  ///< what is wrong with it, and where; empty: nothing
};

/// Parses what a worker says of its leases. Fails with `invalid_argument` where it cannot be told which
/// leases are meant; a fault in what is said of one lease is of that lease alone.
[[nodiscard]] Result<std::vector<SaidOfLease>> parse_outcomes(const std::string& body,
                                                              const StageOfToken& stage_of);

/// Tokens, and for an extension its duration.
struct TokensRequest {
  std::vector<std::string> tokens;
  DurationUs by_us = 0;
};

/// Parses {"leases": [token, …], "by": "30s"}; `has_by`: the latter must be there, else must not.
[[nodiscard]] Result<TokensRequest> parse_tokens(const std::string& body, bool has_by);

/// One element of {"leases": [{"lease": token, "result": "done"}, …]}.
[[nodiscard]] Json result_json(const std::string& token, receivers::LeaseResult result);
/// The same, for a lease of another node: its result is "elsewhere", and `node` is the URL of that node; null: it is
/// not known.
[[nodiscard]] Json elsewhere_json(const std::string& token, const Member& other);
/// The same, for what is said wrongly: its result is "invalid".
[[nodiscard]] Json invalid_json(const std::string& token, const std::string& detail);

}  // namespace millrace::http
