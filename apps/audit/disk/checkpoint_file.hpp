// Reads one checkpoint file.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "apps/audit/disk/data_files.hpp"
#include "messages/result.hpp"

namespace millrace::audit {

struct CheckpointHeader {
  std::uint64_t number = 0;
  std::uint64_t replay_from = 1;
  std::uint64_t durable = 0;
};

/// What is wrong with a checkpoint file, and where.
struct CheckpointDamage {
  std::uint64_t offset = 0;
  std::string text;
};

struct CheckpointRead {
  CheckpointHeader header;
  std::uint64_t entries = 0;
  std::optional<CheckpointDamage> damage{};  ///< none: the file is whole
};

/// Reads checkpoint `number` and calls `visit` for each entry, in order; the bytes are valid during
/// the call. If the file is damaged, `visit` may have received a part. Fails with `storage_failed`,
/// `unsupported_version`.
Result<CheckpointRead> read_checkpoint(const DataFiles& files, std::uint64_t number,
                                       const std::function<void(std::string_view)>& visit);

}  // namespace millrace::audit
