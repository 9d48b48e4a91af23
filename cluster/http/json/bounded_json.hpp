// Parses JSON from clients within bounds of its size in memory, which its bytes alone do not bound:
// a tree of 8 MiB of brackets takes half a GiB.
#pragma once

#include <cstddef>
#include <string_view>

#include <nlohmann/json.hpp>

#include "messages/result.hpp"

namespace millrace::http {

struct JsonBounds {
  std::size_t elements_max = 0;  ///< values and names, at any depth
  std::size_t depth_max = 0;     ///< of arrays and objects within each other
};

/// Of a message.
inline constexpr JsonBounds message_json_bounds{.elements_max = 100'000, .depth_max = 64};
/// Of what a request says beside messages.
inline constexpr JsonBounds small_json_bounds{.elements_max = 64, .depth_max = 4};

/// Fails with `invalid_argument` if `text` is no JSON, or is not within `bounds`. Stops reading at
/// the bound; takes memory for the longest string or number only.
[[nodiscard]] Result<void> check_json(std::string_view text, const JsonBounds& bounds);

/// The value of `text`. Fails as check_json().
[[nodiscard]] Result<nlohmann::ordered_json> parse_json(std::string_view text,
                                                        const JsonBounds& bounds);

}  // namespace millrace::http
