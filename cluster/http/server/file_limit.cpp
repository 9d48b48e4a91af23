#include "cluster/http/server/file_limit.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <sys/resource.h>

namespace millrace::http {
namespace {

/// Of the log, links to other nodes, and what libraries open.
constexpr std::uint64_t other_files = 256;

}  // namespace

Result<void> allow_connections(std::uint64_t connections) {
  const std::uint64_t needed = connections + other_files;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= needed) return {};
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < needed) {
    return Error{ErrorCode::invalid_argument,
                 std::to_string(connections) + " connections need " + std::to_string(needed) +
                     " open files, and this process may have " + std::to_string(limit.rlim_max) +
                     ": lower http.connections_max, or raise the limit (ulimit -Hn, LimitNOFILE=)"};
  }
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
  return Error{ErrorCode::invalid_argument,
               "cannot raise the limit of open files: " + std::system_category().message(errno)};
}

}  // namespace millrace::http
