// OffsetDelete: forgets what a group has committed of some partitions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/kafka/protocol/code.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {

struct OffsetDeleteRequest {
  struct Topic {
    std::string_view name{};
    std::vector<std::int32_t> partitions{};
  };
  std::string_view group{};
  std::vector<Topic> topics{};
};

struct OffsetDeleteAnswer {
  struct Partition {
    std::int32_t index = 0;
    Code code = Code::none;
  };
  struct Topic {
    std::string name{};
    std::vector<Partition> partitions{};
  };
  Code code = Code::none;  ///< of the whole: then there are no topics
  std::vector<Topic> topics{};
};

[[nodiscard]] OffsetDeleteRequest read_offset_delete(Reader& reader, std::int16_t version);
void write_offset_delete(Writer& writer, std::int16_t version, const OffsetDeleteAnswer& answer);

}  // namespace millrace::kafka
