// What CLI11's own checks of numbers let through.
#pragma once

#include <cmath>
#include <string>

#include <CLI/CLI.hpp>

namespace millrace::cli {

/// A whole number in base 10, of up to 18 digits: without it a negative one wraps around, and a
/// leading 0 or 0x changes the base.
inline const CLI::Validator whole_number(
    [](const std::string& text) {
      const bool is_whole = !text.empty() && text.size() < 19 &&
                            text.find_first_not_of("0123456789") == std::string::npos &&
                            (text.size() == 1 || text.front() != '0');
      return is_whole ? std::string() : "expected a whole number of up to 18 digits, got " + text;
    },
    "", "whole number");

/// Ranges hold nothing against "nan", which is neither below nor above.
inline const CLI::Validator finite_number(
    [](const std::string& text) {
      double value = 0;
      const bool is_finite = CLI::detail::lexical_cast(text, value) && std::isfinite(value);
      return is_finite ? std::string() : "expected a number, got " + text;
    },
    "", "finite number");

}  // namespace millrace::cli
