#include "apps/simulate/fleet/node_logs.hpp"

#include <fstream>
#include <system_error>

#include <unistd.h>

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

}  // namespace millrace::simulate
