// StageFailure: a handling that did not succeed, as the program is told of it.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "messages/hash.hpp"

namespace millrace {

/// Valid during the call that it is passed to.
struct StageFailure {
  enum class Kind : std::uint8_t {
    retried,   ///< the handler returned Retry
    rejected,  ///< the message becomes a dead letter at once
    failed,    ///< the handler threw, or its outcome cannot be recorded
  };
  Kind kind = Kind::failed;
  std::string_view pipeline{};
  std::string_view stage{};
  std::string_view key{};  ///< of the message; empty: none
  MessageId id{};          ///< of the message
  std::uint64_t sequence = 0;
  std::uint32_t failed = 0;  ///< failures before this one
  std::string_view reason{};
};

/// Called by the threads that run stages, several at once. Must not block.
using OnStageFailure = std::function<void(const StageFailure&)>;

}  // namespace millrace
