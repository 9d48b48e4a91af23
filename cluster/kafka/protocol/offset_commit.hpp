// OffsetCommit: up to where a group has read partitions.
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

struct OffsetCommitRequest {
  struct Partition {
    std::int32_t index = 0;
    std::int64_t offset = 0;  ///< of the next record to read
    std::string_view metadata{};
  };
  struct Topic {
    std::string_view name{};
    std::vector<Partition> partitions{};
  };
  std::string_view group{};
  std::int32_t generation = -1;  ///< -1: not by a member
  std::string_view member{};
  std::optional<std::string_view> instance{};
  std::vector<Topic> topics{};
};

struct OffsetCommitAnswer {
  struct Partition {
    std::int32_t index = 0;
    Code code = Code::none;
  };
  struct Topic {
    std::string name{};
    std::vector<Partition> partitions{};
  };
  std::vector<Topic> topics{};
};

[[nodiscard]] OffsetCommitRequest read_offset_commit(Reader& reader, std::int16_t version);
void write_offset_commit(Writer& writer, std::int16_t version, const OffsetCommitAnswer& answer);

}  // namespace millrace::kafka
