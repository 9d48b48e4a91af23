#include "actors/postgres_log/core/server_promise.hpp"

#include <algorithm>
#include <cctype>

namespace millrace::postgres_log {
namespace {

Error refused(const std::string& text) {
  return {ErrorCode::invalid_argument, text};
}

}  // namespace

bool is_unreplicated(const ServerFacts& facts) {
  const std::string& names = facts.synchronous_standby_names;
  return std::all_of(names.begin(), names.end(),
                     [](unsigned char c) { return std::isspace(c) != 0; });
}

Result<void> check_promise(const ServerFacts& facts, bool allow_unreplicated) {
  if (facts.version < server_version_min) {
    return Error{ErrorCode::unsupported_version,
                 "PostgreSQL " + std::to_string(facts.version / 10000) +
                     " is too old to keep a log; expected 13 or later"};
  }
  if (facts.is_in_recovery) {
    return Error{ErrorCode::log_unreachable, "the server is a standby: it takes no writes"};
  }
  if (facts.is_read_only) {
    return Error{ErrorCode::log_unreachable,
                 "the server takes no writes: default_transaction_read_only is on"};
  }
  if (facts.fsync != "on") {
    return refused("the server may lose commits: fsync is " + facts.fsync + "; set it to on");
  }
  if (facts.full_page_writes != "on") {
    return refused("the server may lose commits: full_page_writes is " + facts.full_page_writes +
                   "; set it to on");
  }
  if (facts.synchronous_commit != "on" && facts.synchronous_commit != "remote_apply") {
    return refused("the server may lose commits: synchronous_commit is " +
                   facts.synchronous_commit +
                   " although the session has set it to on; is there a pooler between?");
  }
  if (is_unreplicated(facts) && !allow_unreplicated) {
    return refused(
        "commits are on one server only: synchronous_standby_names is empty; name a standby, or "
        "set "
        "log.postgres.allow_unreplicated if this is no production");
  }
  return {};
}

}  // namespace millrace::postgres_log
