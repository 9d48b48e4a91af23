// ListOffsets: the first and the last offset of partitions, and that of a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/kafka/protocol/code.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {

/// Times that stand for an end of the partition.
inline constexpr std::int64_t latest_timestamp = -1;
inline constexpr std::int64_t earliest_timestamp = -2;

struct ListOffsetsRequest {
  struct Partition {
    std::int32_t index = 0;
    std::int64_t timestamp_ms = 0;
  };
  struct Topic {
    std::string_view name{};
    std::vector<Partition> partitions{};
  };
  std::vector<Topic> topics{};
};

struct ListOffsetsAnswer {
  struct Partition {
    std::int32_t index = 0;
    Code code = Code::none;
    std::int64_t timestamp_ms = -1;
    std::int64_t offset = -1;
  };
  struct Topic {
    std::string name{};
    std::vector<Partition> partitions{};
  };
  std::vector<Topic> topics{};
};

[[nodiscard]] ListOffsetsRequest read_list_offsets(Reader& reader, std::int16_t version);
void write_list_offsets(Writer& writer, std::int16_t version, const ListOffsetsAnswer& answer);

}  // namespace millrace::kafka
