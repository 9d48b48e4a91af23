// Report: what an audit checked, and what it found.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace millrace::audit {

/// Where something was found. Empty and 0: does not apply.
struct Finding {
  std::string directory;
  std::string file;          ///< within the directory
  std::uint64_t offset = 0;  ///< in the file, bytes
  std::uint64_t record = 0;  ///< LSN
  std::string text;          ///< what was expected, and what is there
};

/// One check: what it counts, and its findings.
struct Check {
  std::string name;
  std::string title;          ///< what holds if the check passes
  std::uint64_t checked = 0;  ///< things looked at
  std::uint64_t failures = 0;
  std::vector<Finding> findings{};   ///< the first ones
  std::vector<std::string> notes{};  ///< what could not be checked, and why

  [[nodiscard]] bool passed() const { return failures == 0; }
};

/// The checks of every audit, in the order of the report.
enum class About : std::uint8_t {
  files,
  records,
  checkpoints,
  producers,
  messages,
  states,
  bodies,
  outboxes,
  ownership,
};
inline constexpr std::size_t abouts = 9;

class Report {
 public:
  Report();

  /// Adds `count` things that were looked at.
  void count(About about, std::uint64_t count = 1) { at(about).checked += count; }

  void fail(About about, Finding finding);

  /// Notes what could not be checked.
  void note(About about, std::string text);

  /// Adds a check of an application.
  void add(Check check) { checks_.push_back(std::move(check)); }

  [[nodiscard]] const std::vector<Check>& checks() const { return checks_; }
  [[nodiscard]] const Check& check(About about) const {
    return checks_[static_cast<std::size_t>(about)];
  }
  [[nodiscard]] bool passed() const;

 private:
  Check& at(About about) { return checks_[static_cast<std::size_t>(about)]; }

  std::vector<Check> checks_;
};

}  // namespace millrace::audit
