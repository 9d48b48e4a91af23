// InitProducerId: a producer that wants each of its records once gets an id and an epoch.
#pragma once

#include <cstdint>

#include "cluster/kafka/protocol/code.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {

struct InitProducerIdRequest {
  bool is_transactional = false;
  std::int64_t producer_id = -1;     ///< that it had; -1: none
  std::int16_t producer_epoch = -1;  ///< that it had
};

struct InitProducerIdAnswer {
  Code code = Code::none;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
};

[[nodiscard]] InitProducerIdRequest read_init_producer_id(Reader& reader, std::int16_t version);
void write_init_producer_id(Writer& writer, std::int16_t version,
                            const InitProducerIdAnswer& answer);

}  // namespace millrace::kafka
