#include "cluster/node/process_identity.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "cluster/config/file/load.hpp"

namespace millrace::cluster {
namespace {

std::string first_line(const std::string& path) {
  const auto text = config::read_file(path);
  return text ? text->substr(0, text->find('\n')) : std::string();
}

// "pid:[4026531836]"
std::string pid_namespace() {
  std::array<char, 64> text{};
  const ssize_t size = ::readlink("/proc/self/ns/pid", text.data(), text.size());
  return size <= 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(size));
}

// When a process was started, in clock ticks since the boot: field 22 of proc(5), stat. The second field
// is the name of the program in parentheses, and may hold anything. Empty: there is no such process, or
// it has ended and its parent has not looked yet.
std::string start_of(const std::string& pid) {
  const std::string stat = first_line("/proc/" + pid + "/stat");
  std::size_t at = stat.rfind(')');
  if (at == std::string::npos || at + 2 >= stat.size()) return {};
  const char state = stat[at + 2];
  if (state == 'Z' || state == 'X') return {};
  constexpr int fields_between = 20;
  for (int i = 0; i < fields_between && at != std::string::npos; ++i) at = stat.find(' ', at + 1);
  if (at == std::string::npos) return {};
  return stat.substr(at + 1, stat.find(' ', at + 1) - at - 1);
}

struct Identity {
  std::string_view boot;
  std::string_view pid_namespace;
  std::string_view pid;
  std::string_view start;
};

std::optional<Identity> parse(std::string_view text) {
  std::array<std::string_view, 4> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = text.find('/');
    if ((end == std::string_view::npos) != (i + 1 == parts.size())) return std::nullopt;
    parts[i] = text.substr(0, end);
    if (parts[i].empty()) return std::nullopt;
    if (end != std::string_view::npos) text.remove_prefix(end + 1);
  }
  int pid = 0;
  const auto [end, error] =
      std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), pid);
  if (error != std::errc() || end != parts[2].data() + parts[2].size()) return std::nullopt;
  return Identity{parts[0], parts[1], parts[2], parts[3]};
}

}  // namespace

std::string own_process() {
  const std::string boot = first_line("/proc/sys/kernel/random/boot_id");
  const std::string space = pid_namespace();
  const std::string pid = std::to_string(::getpid());
  const std::string start = start_of("self");
  if (boot.empty() || space.empty() || start.empty()) return {};
  return boot + "/" + space + "/" + pid + "/" + start;
}

bool has_ended(const std::string& process) {
  const auto other = parse(process);
  const std::string own_text = own_process();
  const auto own = parse(own_text);
  if (!other || !own) return false;
  // Of another boot: perhaps of this machine before, perhaps of another machine.
  if (other->boot != own->boot || other->pid_namespace != own->pid_namespace) return false;
  return start_of(std::string(other->pid)) != other->start;
}

}  // namespace millrace::cluster
