// OffsetFetch: the offsets that a group has committed.
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

struct OffsetFetchRequest {
  struct Topic {
    std::string_view name{};
    std::vector<std::int32_t> partitions{};
  };
  std::string_view group{};
  std::optional<std::vector<Topic>> topics{};  ///< nullopt: all that the group has committed
};

struct OffsetFetchAnswer {
  struct Partition {
    std::int32_t index = 0;
    std::int64_t offset = -1;  ///< -1: none is committed
    std::string metadata{};
    Code code = Code::none;
  };
  struct Topic {
    std::string name{};
    std::vector<Partition> partitions{};
  };
  Code code = Code::none;
  std::vector<Topic> topics{};
};

[[nodiscard]] OffsetFetchRequest read_offset_fetch(Reader& reader, std::int16_t version);
void write_offset_fetch(Writer& writer, std::int16_t version, const OffsetFetchAnswer& answer);

}  // namespace millrace::kafka
