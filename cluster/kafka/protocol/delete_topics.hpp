// DeleteTopics: removes topics and all that is in them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/kafka/protocol/code.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {

struct DeleteTopicsRequest {
  std::vector<std::string_view> topics{};
};

struct DeleteTopicsAnswer {
  std::string name{};
  Code code = Code::none;
};

[[nodiscard]] DeleteTopicsRequest read_delete_topics(Reader& reader, std::int16_t version);
void write_delete_topics(Writer& writer, std::int16_t version,
                         const std::vector<DeleteTopicsAnswer>& topics);

}  // namespace millrace::kafka
