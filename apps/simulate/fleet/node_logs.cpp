#include "apps/simulate/fleet/node_logs.hpp"

#include <fstream>
#include <system_error>
#include <utility>

#include <poll.h>
#include <unistd.h>

#include "actors/engines/seats.hpp"

namespace millrace::simulate {

std::filesystem::path dsn_file(const Options& options, std::uint32_t process) {
  return options.data_dir / (process_name(options, process) + ".dsn");
}

std::string schema(const Options& options) {
  return "simulation_" + std::to_string(options.seed) + "_" + std::to_string(::getpid());
}

Result<void> write_dsn(const Options& options, std::uint32_t process) {
  using std::filesystem::perms;
  const std::filesystem::path file = dsn_file(options, process);
  std::error_code error;
  std::filesystem::create_directories(options.data_dir, error);
  std::ofstream out(file, std::ios::trunc);
  std::filesystem::permissions(file, perms::owner_read | perms::owner_write, error);
  out << (process < options.process_dsns.size() ? options.process_dsns[process] : options.dsn)
      << '\n';
  out.close();
  if (out && !error) return {};
  return Error{ErrorCode::storage_failed, file.string() + " cannot be written"};
}

Result<void> await_server(const Options& run, const ServerWait& wait) {
  constexpr std::chrono::milliseconds retry{200};
  postgres_log::Options options;
  options.dsn = run.dsn;
  options.schema = schema(run);
  const auto until = std::chrono::steady_clock::now() + wait.patience;
  std::string told;
  while (true) {
    // That there is no schema yet says the server, too.
    const auto seats = postgres_log::SeatTable::open(options, false);
    if (seats || seats.error().code == ErrorCode::not_found) return {};
    const Error& error = seats.error();
    if (error.code != ErrorCode::log_unreachable) return error;
    if (std::exchange(told, error.message) != error.message) wait.tell(error.message);
    if (wait.is_cancelled() || std::chrono::steady_clock::now() >= until) {
      return Error{error.code, "no server for " +
                                   std::to_string(wait.patience / std::chrono::seconds(1)) +
                                   " s: " + error.message};
    }
    poll(nullptr, 0, static_cast<int>(retry.count()));
  }
}

}  // namespace millrace::simulate
