// FindCoordinator: which broker coordinates a group.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/kafka/protocol/code.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {

struct FindCoordinatorRequest {
  std::string_view key{};
  bool is_of_group = true;  ///< false: of a transaction
};

struct FindCoordinatorAnswer {
  Code code = Code::none;
  std::optional<std::string> message{};
  std::int32_t id = -1;
  std::string host{};
  std::int32_t port = -1;
};

[[nodiscard]] FindCoordinatorRequest read_find_coordinator(Reader& reader, std::int16_t version);
void write_find_coordinator(Writer& writer, std::int16_t version,
                            const FindCoordinatorAnswer& answer);

}  // namespace millrace::kafka
