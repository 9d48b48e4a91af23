#include "apps/cli/client/stopped_log.hpp"

#include <filesystem>
#include <memory>
#include <system_error>
#include <variant>

#include "actors/engines/engines.hpp"
#include "actors/state_store/rocks_table.hpp"
#include "cluster/config/file/load.hpp"
#include "cluster/node/log_engine.hpp"

namespace millrace::cli {

Result<engines::AnyLog> configured_log(const std::string& file, const std::string& node) {
  config::Inputs inputs{.file = file, .environment = config::environment()};
  if (!node.empty()) inputs.flags.push_back({.name = "--node", .path = "node.name", .value = node});
  const config::Resolved resolved = config::resolve(inputs, config::read_file);
  if (resolved.problems.empty()) {
    if (resolved.config.node.name == config::any_seat) {
      return Error{ErrorCode::invalid_argument,
                   file + ": node.name is \"*\", any node; name one with --node"};
    }
    return cluster::log_of(resolved.config);
  }
  std::string text = to_string(resolved.problems.front());
  if (resolved.problems.size() > 1) {
    text += ", and " + std::to_string(resolved.problems.size() - 1) + " more mistakes";
  }
  return Error{ErrorCode::invalid_argument, text};
}

Result<engines::AnyLog> log_at(const std::string& place, const std::string& node) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(place, ignored)) return configured_log(place, node);
  if (!std::filesystem::exists(place, ignored) && place.ends_with(".toml")) {
    return Error{ErrorCode::not_found, place + ": there is no such file"};
  }
  return engines::AnyLog(engines::LogOptions{.data_dir = place});
}

Result<engines::AnyLog> log_of(const LogOptions& options) {
  if (!options.config.empty()) return configured_log(options.config, options.node);
  return engines::AnyLog(engines::LogOptions{.data_dir = options.data_dir});
}

Result<StoppedNode> open_stopped(const LogOptions& options) {
  const auto log = log_of(options);
  if (!log) return log.error();
  std::unique_ptr<states::StateStore> states;
  if (const auto* const journal = std::get_if<engines::LogOptions>(&*log)) {
    states = states::stored_states(journal->data_dir);
  }
  const auto engine = [](const auto& one) {
    return engines::make_engine(one);
  };
  return StoppedNode::open(std::visit(engine, *log), std::move(states));
}

}  // namespace millrace::cli
