// Manual pages of a program, made from its commands: so a page and --help never differ.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace millrace::cli {

/// Begins the examples in the footer of a command; each line behind it is one.
inline constexpr const char* examples_heading = "Examples:";

struct ManualPage {
  std::string name;  ///< "millrace" or "millrace-queue"
  std::string text;  ///< for troff, in the macros of man(7)
};

/// The page of the program `app`, and one for each of its commands with all that is below. Without what
/// is hidden from help.
[[nodiscard]] std::vector<ManualPage> manual_pages(const CLI::App& app, const std::string& version);

}  // namespace millrace::cli
