#include "apps/cli/validators.hpp"

#include <cmath>
#include <string>

namespace millrace::cli {

const CLI::Validator whole_number(
    [](const std::string& text) {
      const bool is_whole = !text.empty() && text.size() < 19 &&
                            text.find_first_not_of("0123456789") == std::string::npos &&
                            (text.size() == 1 || text.front() != '0');
      return is_whole ? std::string() : "expected a whole number of up to 18 digits, got " + text;
    },
    "", "whole number");

const CLI::Validator finite_number(
    [](const std::string& text) {
      double value = 0;
      const bool is_finite = CLI::detail::lexical_cast(text, value) && std::isfinite(value);
      return is_finite ? std::string() : "expected a number, got " + text;
    },
    "", "finite number");

}  // namespace millrace::cli
