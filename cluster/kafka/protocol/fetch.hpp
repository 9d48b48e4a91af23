// Fetch: record batches of partitions, from offsets on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/kafka/protocol/code.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {

struct FetchRequest {
  struct Partition {
    std::int32_t index = 0;
    std::int64_t offset = 0;
    std::int32_t bytes_max = 0;
  };
  struct Topic {
    std::string_view name{};
    std::vector<Partition> partitions{};
  };
  std::int32_t wait_max_ms = 0;
  std::int32_t bytes_min = 0;
  std::int32_t bytes_max = 0;
  std::int32_t session = 0;  ///< 0: none. Sessions are not offered here
  std::vector<Topic> topics{};
};

struct FetchAnswer {
  struct Partition {
    std::int32_t index = 0;
    Code code = Code::none;
    std::int64_t high_watermark = -1;
    std::int64_t log_start_offset = -1;
    std::string batches{};
  };
  struct Topic {
    std::string name{};
    std::vector<Partition> partitions{};
  };
  Code code = Code::none;
  std::vector<Topic> topics{};
};

[[nodiscard]] FetchRequest read_fetch(Reader& reader, std::int16_t version);

/// Writes the answer as pieces that belong behind each other: what `writer` holds already goes to the front
/// of the first, and batches are moved, not copied.
[[nodiscard]] std::vector<std::string> write_fetch(Writer& writer, std::int16_t version,
                                                   FetchAnswer answer);

}  // namespace millrace::kafka
