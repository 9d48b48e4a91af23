// Produce: record batches for partitions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/kafka/protocol/code.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {

/// What a producer waits for; 1 and -1, "all", are one here.
inline constexpr std::int16_t acks_none = 0;

struct ProduceRequest {
  struct Partition {
    std::int32_t index = 0;
    std::string_view batch{};  ///< as it came, not checked; empty: none
  };
  struct Topic {
    std::string_view name{};
    std::vector<Partition> partitions{};
  };
  bool is_transactional = false;
  std::int16_t acks = 0;
  std::int32_t timeout_ms = 0;
  std::vector<Topic> topics{};
};

struct ProduceAnswer {
  struct Partition {
    std::int32_t index = 0;
    Code code = Code::none;
    std::int64_t base_offset = -1;
    std::int64_t log_start_offset = -1;
  };
  struct Topic {
    std::string name{};
    std::vector<Partition> partitions{};
  };
  std::vector<Topic> topics{};
};

[[nodiscard]] ProduceRequest read_produce(Reader& reader, std::int16_t version);
void write_produce(Writer& writer, std::int16_t version, const ProduceAnswer& answer);

}  // namespace millrace::kafka
