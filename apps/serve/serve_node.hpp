// serve_node(): a node as a program: from its configuration to its exit status.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/stage/pipeline_spec.hpp"
#include "apps/serve/signals.hpp"
#include "cluster/config/load/load.hpp"
#include "cluster/http/resources.hpp"

namespace millrace::serve {

struct ServeOptions {
  config::Config config;
  /// Reads the configuration again, for SIGHUP.
  std::function<config::Resolved()> reload;
  std::vector<PipelineSpec> pipelines;
  http::Resources resources{};  ///< of the application, at the HTTP API
  std::string version{};        ///< of the program
};

/// Runs the node until SIGTERM or SIGINT, then drains it; a second of these ends the process at
/// once. SIGHUP takes over a changed log.level, and TLS files for new links. Returns an exit
/// status: 0, or 1 with a line on stderr. `signals` was made before any thread.
[[nodiscard]] int serve_node(const ServeOptions& options, const Signals& signals);

}  // namespace millrace::serve
