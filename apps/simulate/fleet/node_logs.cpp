#include "apps/simulate/fleet/node_logs.hpp"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <unistd.h>

#include "actors/engines/engines.hpp"
#include "actors/store/stopped_node.hpp"

namespace millrace::simulate {

std::filesystem::path dsn_file(const Options& options, std::uint32_t node) {
  return options.data_dir / (node_name(node) + ".dsn");
}

std::string schema(const Options& options) {
  return "simulation_" + std::to_string(options.seed) + "_" + std::to_string(::getpid());
}

Result<void> write_dsn(const Options& options, std::uint32_t node) {
  using std::filesystem::perms;
  const std::filesystem::path file = dsn_file(options, node);
  std::error_code error;
  std::filesystem::create_directories(options.data_dir, error);
  std::ofstream out(file, std::ios::trunc);
  std::filesystem::permissions(file, perms::owner_read | perms::owner_write, error);
  out << (node < options.node_dsns.size() ? options.node_dsns[node] : options.dsn) << '\n';
  out.close();
  if (out && !error) return {};
  return Error{ErrorCode::storage_failed, file.string() + " cannot be written"};
}

Result<DurableView> read_logs(const Options& options) {
  DurableView all;
  for (std::uint32_t node = 0; node < options.nodes; ++node) {
    postgres_log::Options log;
    log.dsn = options.dsn;
    log.schema = schema(options);
    log.node = node_name(node);
    auto stopped = StoppedNode::open(engines::make_engine(log));
    if (!stopped) return stopped.error();
    auto view = stopped->view(true);
    if (!view) return view.error();
    all.queues.insert(all.queues.end(), std::make_move_iterator(view->queues.begin()),
                      std::make_move_iterator(view->queues.end()));
  }
  return all;
}

}  // namespace millrace::simulate
