#include "cluster/kafka/protocol/init_producer_id.hpp"

#include <tuple>

#include "cluster/kafka/protocol/fields.hpp"

namespace millrace::kafka {

InitProducerIdRequest read_init_producer_id(Reader& reader, std::int16_t version) {
  InitProducerIdRequest request;
  request.is_transactional = reader.nullable_string("transactional id").has_value();
  std::ignore = reader.int32("transaction timeout");
  if (version >= 3) {
    request.producer_id = reader.int64("producer id");
    request.producer_epoch = reader.int16("producer epoch");
  }
  reader.tags();
  return request;
}

void write_init_producer_id(Writer& writer, std::int16_t /*version*/,
                            const InitProducerIdAnswer& answer) {
  writer.int32(no_throttle_ms);
  writer.int16(static_cast<std::int16_t>(answer.code));
  writer.int64(answer.producer_id);
  writer.int16(answer.producer_epoch);
  writer.tags();
}

}  // namespace millrace::kafka
