// Names as text: making one that is unique, and finding the one that a user mistyped.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace millrace {

/// A new name of 32 hexadecimal digits: 128 random bits of the operating system, so that two calls
/// on any machines practically never return the same. Any thread.
[[nodiscard]] std::string random_name();

/// The first of `candidates` with the least Levenshtein distance to `word`, for "did you mean".
/// Empty if that distance exceeds half of the length of `word`, or if `word` is longer than 100
/// bytes. Costs the product of the lengths for each candidate.
[[nodiscard]] std::string nearest_word(std::string_view word,
                                       std::span<const std::string> candidates);

}  // namespace millrace
