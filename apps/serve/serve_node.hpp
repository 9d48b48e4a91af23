// serve_node(): runs a node as the main task of a program.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/metrics/metrics.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "apps/serve/signals.hpp"
#include "cluster/config/file/load.hpp"
#include "cluster/http/resources.hpp"

namespace millrace::serve {

struct ServeOptions {
  config::Config config;
  std::vector<config::Setting> settings{};  ///< of `config`
  /// Reads the configuration again. Called on the main thread, for each SIGHUP.
  std::function<config::Resolved()> reload;
  std::vector<PipelineSpec> pipelines;
  http::Resources resources{};         ///< of the application, for the HTTP API
  std::string version{};               ///< of the program
  bool accepts_loss = false;           ///< as RuntimeOptions::accepts_loss
  std::shared_ptr<Metrics> metrics{};  ///< as RuntimeOptions::metrics
  /// Called on the main thread when the node serves. Must return. May be empty.
  std::function<void(Runtime&)> on_start{};
  /// Called on the main thread when the node is to stop; the drain begins when it returns. A second signal
  /// meanwhile has no effect. May be empty.
  std::function<void()> on_stop{};
};

/// Runs the node until SIGTERM or SIGINT, then drains it; a second of these signals ends the
/// process at once. SIGHUP applies what ClusterNode::reload() takes, and a changed log.level.
/// Blocks. Returns the exit status: 0, or 1 after a line on stderr. REQUIRES: `signals` was created
/// before any thread.
[[nodiscard]] int serve_node(const ServeOptions& options, const Signals& signals);

}  // namespace millrace::serve
