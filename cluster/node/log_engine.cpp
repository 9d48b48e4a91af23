#include "cluster/node/log_engine.hpp"

#include <utility>

#include "actors/engines/engines.hpp"
#include "cluster/config/file/load.hpp"
#include "cluster/node/incarnation.hpp"
#include "cluster/node/process_identity.hpp"

namespace millrace::cluster {

Result<std::shared_ptr<logs::Engine>> make_log_engine(const config::Config& config,
                                                      std::function<void(const Error&)> on_wait) {
  if (config.log.engine == config::LogEngine::journal) {
    return std::shared_ptr<logs::Engine>();
  }
  auto dsn = config::read_dsn(config.log.dsn_file);
  if (!dsn) return dsn.error();
  postgres_log::Options options = config.postgres;
  options.dsn = *std::move(dsn);
  options.node = config.node.name;
  options.holder = own_process();
  options.has_ended = has_ended;
  options.on_wait = std::move(on_wait);
  return engines::make_engine(options);
}

Result<Start> take_start(const config::Config& config, logs::Engine* engine, TimeUs now_us) {
  if (engine == nullptr) {
    const auto incarnation = next_incarnation(config.node.data_dir, now_us);
    if (!incarnation) return incarnation.error();
    return Start{.incarnation = incarnation->number, .is_copy = incarnation->is_copy};
  }
  auto opened = engine->open(logs::Opener::writer);
  if (!opened) return opened.error();
  Start start{.incarnation = (*opened)->epoch()};
  start.log = *std::move(opened);
  return start;
}

}  // namespace millrace::cluster
