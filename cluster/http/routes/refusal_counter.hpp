// RefusalCounter: bounds how many refusals of a token a client gets a second, and how often the log
// says so. No clock; for one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "cluster/http/message/http_message.hpp"

namespace millrace::http {

class RefusalCounter {
 public:
  static constexpr std::uint32_t refusals_per_s_max = 20;
  static constexpr std::size_t peers_max = 1'024;  ///< beyond, counting begins anew
  static constexpr std::chrono::minutes log_interval{1};

  struct Verdict {
    bool is_too_often = false;  ///< answer with 429 instead of 401
    /// Set: write a log line about so many refusals since the last line.
    std::optional<std::uint64_t> to_log{};
  };

  /// Counts a refusal of `peer` at `now`, which never decreases.
  [[nodiscard]] Verdict count(const std::string& peer, SteadyTime now);

 private:
  struct Window {
    SteadyTime begun_at{};
    std::uint32_t refusals = 0;
  };

  std::unordered_map<std::string, Window> windows_{};
  std::uint64_t unlogged_ = 0;
  std::optional<SteadyTime> logged_at_{};
};

}  // namespace millrace::http
