// The known word that somebody probably meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace millrace {

/// The word of `known` nearest to `word` by Levenshtein's distance, where at most half of `word`
/// differs; else empty. The first of several that are as near.
[[nodiscard]] std::string nearest_word(std::string_view word, std::span<const std::string> known);

}  // namespace millrace
