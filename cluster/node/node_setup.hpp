// What a configuration says, as the options of the parts that a node is made of. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "actors/assembly/runtime_options.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "cluster/config/config.hpp"
#include "cluster/transport/links/transport_options.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// Of the frames between nodes; nodes of two versions do not link up.
inline constexpr std::uint32_t protocol_version = 1;

[[nodiscard]] RuntimeOptions runtime_options(const config::Config& config);

/// Fails with `invalid_argument`: an address that is none.
[[nodiscard]] Result<transport::TransportOptions> transport_options(const config::Config& config,
                                                                    std::uint64_t incarnation);

/// The files of TLS; nothing where there is none.
[[nodiscard]] std::optional<transport::TlsFiles> tls_files(const config::TlsConfig& tls);

/// The program's pipelines and those that the configuration wires from their stages, with what it
/// says about each. Fails with `invalid_argument`: a pipeline or a stage that the program does not
/// have, with the near one, or a wiring that does not fit.
[[nodiscard]] Result<std::vector<PipelineSpec>> configured(std::vector<PipelineSpec> pipelines,
                                                           const config::Config& config);

}  // namespace millrace::cluster
