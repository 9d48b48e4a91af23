// Validators for numbers that the checks of CLI11 accept by mistake.
#pragma once

#include <cmath>
#include <string>

#include <CLI/CLI.hpp>

namespace millrace::cli {

/// Accepts a decimal integer of 1 to 18 digits without a leading 0. Without this check CLI11 wraps
/// negative numbers around and reads a leading 0 or 0x as another base.
inline const CLI::Validator whole_number(
    [](const std::string& text) {
      const bool is_whole = !text.empty() && text.size() < 19 &&
                            text.find_first_not_of("0123456789") == std::string::npos &&
                            (text.size() == 1 || text.front() != '0');
      return is_whole ? std::string() : "expected a whole number of up to 18 digits, got " + text;
    },
    "", "whole number");

/// Accepts a finite number. CLI::Range accepts "nan", because nan is neither below nor above a
/// bound.
inline const CLI::Validator finite_number(
    [](const std::string& text) {
      double value = 0;
      const bool is_finite = CLI::detail::lexical_cast(text, value) && std::isfinite(value);
      return is_finite ? std::string() : "expected a number, got " + text;
    },
    "", "finite number");

}  // namespace millrace::cli
