// Manual pages of a program, made from its commands: so a page and --help never differ.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace millrace::cli {

struct ManualPage {
  std::string name;  ///< "millrace" or "millrace-queue"
  std::string text;  ///< for troff, in the macros of man(7)
};

/// The page of the program `app`, and one for each of its commands with all that is below. Without what
/// is hidden from help.
[[nodiscard]] std::vector<ManualPage> manual_pages(const CLI::App& app, const std::string& version);

}  // namespace millrace::cli
