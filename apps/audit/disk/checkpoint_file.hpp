// Reads one checkpoint file.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "apps/audit/disk/data_files.hpp"
#include "apps/audit/log/node_log.hpp"
#include "messages/result.hpp"

namespace millrace::audit {

/// Reads checkpoint `number` and calls `visit` for each entry, in order; the bytes are valid during
/// the call. If the file is damaged, `visit` may have received a part. Fails with `storage_failed`,
/// `unsupported_version`.
Result<CheckpointRead> read_checkpoint(const DataFiles& files, std::uint64_t number,
                                       const std::function<void(std::string_view)>& visit);

}  // namespace millrace::audit
