// Converts a configuration into the options of the runtime, the transport and the pipelines. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/assembly/runtime_options.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "cluster/calls/core/frame_kind.hpp"
#include "cluster/config/config.hpp"
#include "cluster/transport/links/transport_options.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// Version of the frames between nodes; nodes of different versions get no link.
inline constexpr std::uint32_t protocol_version = 1;

/// What this version knows beyond it; nodes of one protocol version may differ in it.
inline constexpr std::uint64_t features = calls::calls_feature;

[[nodiscard]] RuntimeOptions runtime_options(const config::Config& config);

/// `peers`: the lowest incarnations of peers that may have a link, by name. Fails with `invalid_argument`:
/// an address does not parse.
[[nodiscard]] Result<transport::TransportOptions> transport_options(
    const config::Config& config, std::uint64_t incarnation,
    const std::map<std::string, std::uint64_t>& peers = {});

/// Returns the TLS files; nullopt if TLS is off.
[[nodiscard]] std::optional<transport::TlsFiles> tls_files(const config::TlsConfig& tls);

/// Returns the program's pipelines, the pipelines that `config` wires from their stages, and that of
/// its lease_queues(), with the configured options. Fails with `invalid_argument`: an unknown pipeline or stage (the message
/// suggests a similar name), or stages whose types do not match.
[[nodiscard]] Result<std::vector<PipelineSpec>> configured(std::vector<PipelineSpec> pipelines,
                                                           const config::Config& config);

}  // namespace millrace::cluster
