#include "apps/report/terminal.hpp"

#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

namespace millrace::report {
namespace {

// Value of the environment variable, or empty. Safe from any thread: the program never changes its
// environment.
std::string_view environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::string_view{} : std::string_view{value};
}

}  // namespace

std::optional<ColorChoice> parse_color(std::string_view text) {
  if (text == "auto") return ColorChoice::automatic;
  if (text == "always") return ColorChoice::always;
  if (text == "never") return ColorChoice::never;
  return std::nullopt;
}

bool use_color(ColorChoice choice, int file_descriptor) {
  if (choice != ColorChoice::automatic) return choice == ColorChoice::always;
  return is_terminal(file_descriptor) && environment("NO_COLOR").empty();
}

bool is_terminal(int file_descriptor) {
  return isatty(file_descriptor) == 1 && environment("TERM") != "dumb";
}

int terminal_width(int file_descriptor) {
  winsize size{};
  if (ioctl(file_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace millrace::report
