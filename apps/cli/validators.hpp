// Validators for numbers that the checks of CLI11 accept by mistake.
#pragma once

#include <CLI/CLI.hpp>

namespace millrace::cli {

/// Accepts a decimal integer of 1 to 18 digits without a leading 0. Without this check CLI11 wraps
/// negative numbers around and reads a leading 0 or 0x as another base.
extern const CLI::Validator whole_number;

/// Accepts a finite number. CLI::Range accepts "nan", because nan is neither below nor above a
/// bound.
extern const CLI::Validator finite_number;

}  // namespace millrace::cli
