#include "cluster/kafka/client/requests.hpp"

#include <tuple>

#include "cluster/kafka/protocol/list_offsets.hpp"
#include "cluster/kafka/protocol/sasl.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {
namespace {

constexpr std::int16_t acks_all = -1;
constexpr std::int32_t produce_timeout_ms = 30'000;
constexpr std::int32_t consumer_replica = -1;
constexpr const char* any_user = "millrace";

/// The answer as `read` has it, to its last byte.
template <class Read>
auto read_answer(const Result<std::string>& answer, const char* what, Read read)
    -> Result<decltype(read(std::declval<Reader&>()))> {
  if (!answer) return answer.error();
  Reader reader(*answer);
  auto value = read(reader);
  if (auto end = reader.end(); !end) {
    return Error{ErrorCode::protocol, std::string(what) + ": " + end.error().message};
  }
  return value;
}

Code read_code(Reader& reader) {
  return static_cast<Code>(reader.int16("error code"));
}

/// `none`, or the error of `code`.
Result<void> outcome_of(Code code, const std::string& what) {
  if (code == Code::none) return {};
  return error_of(code, what);
}

/// Passes over an array of 32-bit numbers.
void skip_numbers(Reader& reader, const char* what) {
  const std::size_t count = reader.array(what, 4);
  std::ignore = reader.raw(4 * count, what);
}

void begin_topic(Writer& writer, const std::string& topic, std::size_t partitions) {
  writer.array(1);
  writer.string(topic);
  writer.array(partitions);
}

/// Reads the partitions of all topics of an answer.
template <class ReadPartition>
void read_partitions(Reader& reader, ReadPartition read) {
  const std::size_t topics = reader.array("topics", 6);
  for (std::size_t i = 0; i < topics; ++i) {
    std::ignore = reader.string("topic");
    const std::size_t partitions = reader.array("partitions", 6);
    for (std::size_t j = 0; j < partitions; ++j) read();
  }
}

}  // namespace

Error error_of(Code code, const std::string& what) {
  const auto number = std::to_string(static_cast<int>(code));
  const auto made = [&](ErrorCode error, const char* text) {
    return Error{error, what + ": " + text + " (code " + number + ")"};
  };
  switch (code) {
    case Code::unknown_topic_or_partition:
    case Code::invalid_topic:
      return made(ErrorCode::not_found, "there is no such topic or partition");
    case Code::not_leader_or_follower:
    case Code::not_coordinator:
      return made(ErrorCode::not_owner, "another broker leads now");
    case Code::leader_not_available:
    case Code::coordinator_not_available:
    case Code::coordinator_load_in_progress:
      return made(ErrorCode::unreachable, "no broker leads now");
    case Code::not_enough_replicas:
    case Code::kafka_storage_error:
      return made(ErrorCode::backlog_full, "the broker takes nothing now");
    case Code::request_timed_out:
      return made(ErrorCode::timeout, "the broker does not know the outcome");
    case Code::message_too_large:
      return made(ErrorCode::too_large, "too large");
    case Code::out_of_order_sequence_number:
      return made(ErrorCode::out_of_order, "a batch before this one is missing");
    case Code::invalid_producer_epoch:
      return made(ErrorCode::fenced, "a later producer has this id");
    case Code::unknown_producer_id:
      return made(ErrorCode::unknown_producer, "the broker has forgotten the producer");
    case Code::offset_out_of_range:
      return made(ErrorCode::expired, "no such offset");
    case Code::corrupt_message:
      return made(ErrorCode::corrupt, "the batch arrived damaged");
    case Code::invalid_record:
      return made(ErrorCode::invalid_argument, "a record is not of the topic's type");
    case Code::topic_authorization_failed:
    case Code::group_authorization_failed:
    case Code::sasl_authentication_failed:
      return made(ErrorCode::unauthenticated, "refused");
    default:
      return made(ErrorCode::protocol, "refused");
  }
}

Result<void> authenticate(KafkaConnection& connection, const std::string& password) {
  Writer handshake;
  handshake.string(plain_mechanism);
  const auto offered = read_answer(connection.ask(ApiKey::sasl_handshake, 1, handshake.written()),
                                   "SaslHandshake", [](Reader& reader) {
                                     const Code code = read_code(reader);
                                     const std::size_t count = reader.array("mechanisms", 2);
                                     for (std::size_t i = 0; i < count; ++i)
                                       std::ignore = reader.string("mechanism");
                                     return code;
                                   });
  if (!offered) return offered.error();
  if (auto outcome = outcome_of(*offered, "SASL/PLAIN"); !outcome) return outcome;
  Writer credentials;
  credentials.bytes(std::string(1, '\0') + any_user + '\0' + password);
  const auto done = read_answer(connection.ask(ApiKey::sasl_authenticate, 0, credentials.written()),
                                "SaslAuthenticate", [](Reader& reader) {
                                  const Code code = read_code(reader);
                                  std::ignore = reader.nullable_string("message");
                                  std::ignore = reader.nullable_bytes("auth bytes");
                                  return code;
                                });
  if (!done) return done.error();
  return outcome_of(*done, "the token");
}

Result<TopicMap> ask_topic(KafkaConnection& connection, const std::string& topic) {
  Writer request;
  request.array(1);
  request.string(topic);
  Code topic_code = Code::none;
  auto map = read_answer(connection.ask(ApiKey::metadata, 1, request.written()), "Metadata",
                         [&topic_code](Reader& reader) {
                           TopicMap found;
                           found.brokers.resize(reader.array("brokers", 12));
                           for (TopicMap::Node& broker : found.brokers) {
                             broker.id = reader.int32("node id");
                             broker.host = reader.string("host");
                             broker.port = static_cast<std::uint16_t>(reader.int32("port"));
                             std::ignore = reader.nullable_string("rack");
                           }
                           std::ignore = reader.int32("controller");
                           const std::size_t topics = reader.array("topics", 9);
                           for (std::size_t i = 0; i < topics; ++i) {
                             topic_code = read_code(reader);
                             std::ignore = reader.string("topic");
                             std::ignore = reader.boolean("is internal");
                             found.leaders.assign(reader.array("partitions", 18), -1);
                             for (std::size_t j = 0; j < found.leaders.size(); ++j) {
                               std::ignore = read_code(reader);
                               const std::int32_t index = reader.int32("partition");
                               const std::int32_t leader = reader.int32("leader");
                               skip_numbers(reader, "replicas");
                               skip_numbers(reader, "in-sync replicas");
                               const auto place = static_cast<std::size_t>(index);
                               if (index >= 0 && place < found.leaders.size())
                                 found.leaders[place] = leader;
                             }
                           }
                           return found;
                         });
  if (map && topic_code != Code::none) return error_of(topic_code, "topic " + topic);
  if (map && map->leaders.empty()) {
    return Error{ErrorCode::not_found, "topic " + topic + " has no partitions"};
  }
  return map;
}

Result<ProducerNumbers> ask_producer(KafkaConnection& connection) {
  Writer request;
  request.nullable_string(std::nullopt);  // transactional id
  request.int32(produce_timeout_ms);      // of transactions
  Code code = Code::none;
  auto numbers = read_answer(connection.ask(ApiKey::init_producer_id, 0, request.written()),
                             "InitProducerId", [&code](Reader& reader) {
                               std::ignore = reader.int32("throttle time");
                               code = read_code(reader);
                               ProducerNumbers given;
                               given.id = reader.int64("producer id");
                               given.epoch = reader.int16("producer epoch");
                               return given;
                             });
  if (numbers && code != Code::none) return error_of(code, "InitProducerId");
  return numbers;
}

Result<void> send_produce(KafkaConnection& connection, const std::string& topic,
                          const std::vector<BatchFor>& batches) {
  Writer request;
  std::size_t bytes = topic.size() + 64;
  for (const BatchFor& each : batches) bytes += each.batch.size() + 16;
  request.reserve(bytes);
  request.nullable_string(std::nullopt);  // transactional id
  request.int16(acks_all);
  request.int32(produce_timeout_ms);
  begin_topic(request, topic, batches.size());
  for (const BatchFor& each : batches) {
    request.int32(each.partition);
    request.bytes(each.batch);
  }
  return connection.send(ApiKey::produce, 3, request.written());
}

Result<std::vector<std::pair<std::int32_t, Code>>> receive_produce(KafkaConnection& connection) {
  return read_answer(connection.receive(), "Produce", [](Reader& reader) {
    std::vector<std::pair<std::int32_t, Code>> codes;
    read_partitions(reader, [&] {
      const std::int32_t partition = reader.int32("partition");
      codes.emplace_back(partition, read_code(reader));
      std::ignore = reader.int64("base offset");
      std::ignore = reader.int64("time of the append");
    });
    std::ignore = reader.int32("throttle time");
    return codes;
  });
}

Result<std::vector<FetchedBatches>> ask_records(KafkaConnection& connection,
                                                const std::string& topic,
                                                const std::vector<FetchPosition>& positions,
                                                std::int32_t wait_ms, std::int32_t bytes_max) {
  Writer request;
  request.int32(consumer_replica);
  request.int32(wait_ms);
  request.int32(1);  // bytes at least
  request.int32(bytes_max);
  request.int8(0);  // isolation level
  begin_topic(request, topic, positions.size());
  for (const FetchPosition& each : positions) {
    request.int32(each.partition);
    request.int64(each.offset);
    request.int32(bytes_max);
  }
  return read_answer(connection.ask(ApiKey::fetch, 4, request.written()), "Fetch",
                     [](Reader& reader) {
                       std::vector<FetchedBatches> all;
                       std::ignore = reader.int32("throttle time");
                       read_partitions(reader, [&] {
                         FetchedBatches& one = all.emplace_back();
                         one.partition = reader.int32("partition");
                         one.code = read_code(reader);
                         std::ignore = reader.int64("high watermark");
                         std::ignore = reader.int64("last stable offset");
                         const std::size_t aborted = reader.array("aborted transactions", 16);
                         std::ignore = reader.raw(16 * aborted, "aborted transactions");
                         one.batches = reader.nullable_bytes("records").value_or("");
                       });
                       return all;
                     });
}

Result<std::int64_t> ask_offset(KafkaConnection& connection, const std::string& topic,
                                std::int32_t partition, bool is_latest) {
  Writer request;
  request.int32(consumer_replica);
  begin_topic(request, topic, 1);
  request.int32(partition);
  request.int64(is_latest ? latest_timestamp : earliest_timestamp);
  Code code = Code::none;
  auto offset = read_answer(connection.ask(ApiKey::list_offsets, 1, request.written()),
                            "ListOffsets", [&code](Reader& reader) {
                              std::int64_t found = -1;
                              read_partitions(reader, [&] {
                                std::ignore = reader.int32("partition");
                                code = read_code(reader);
                                std::ignore = reader.int64("timestamp");
                                found = reader.int64("offset");
                              });
                              return found;
                            });
  if (offset && code != Code::none) return error_of(code, "ListOffsets of topic " + topic);
  return offset;
}

Result<TopicMap::Node> ask_coordinator(KafkaConnection& connection, const std::string& group) {
  Writer request;
  request.string(group);
  Code code = Code::none;
  auto node = read_answer(connection.ask(ApiKey::find_coordinator, 0, request.written()),
                          "FindCoordinator", [&code](Reader& reader) {
                            TopicMap::Node found;
                            code = read_code(reader);
                            found.id = reader.int32("node id");
                            found.host = reader.string("host");
                            found.port = static_cast<std::uint16_t>(reader.int32("port"));
                            return found;
                          });
  if (node && code != Code::none) return error_of(code, "the coordinator of group " + group);
  return node;
}

Result<std::int64_t> ask_committed(KafkaConnection& connection, const std::string& group,
                                   const std::string& topic, std::int32_t partition) {
  Writer request;
  request.string(group);
  begin_topic(request, topic, 1);
  request.int32(partition);
  Code code = Code::none;
  auto offset = read_answer(connection.ask(ApiKey::offset_fetch, 1, request.written()),
                            "OffsetFetch", [&code](Reader& reader) {
                              std::int64_t found = -1;
                              read_partitions(reader, [&] {
                                std::ignore = reader.int32("partition");
                                found = reader.int64("offset");
                                std::ignore = reader.nullable_string("metadata");
                                code = read_code(reader);
                              });
                              return found;
                            });
  if (offset && code != Code::none) return error_of(code, "OffsetFetch of group " + group);
  return offset;
}

Result<void> commit_offsets(KafkaConnection& connection, const std::string& group,
                            const std::string& topic, const std::vector<FetchPosition>& positions) {
  Writer request;
  request.string(group);
  request.int32(-1);   // generation: of no member
  request.string({});  // member
  request.int64(-1);   // retention time: the broker's
  begin_topic(request, topic, positions.size());
  for (const FetchPosition& each : positions) {
    request.int32(each.partition);
    request.int64(each.offset);
    request.nullable_string(std::nullopt);  // metadata
  }
  Code worst = Code::none;
  const auto read = read_answer(connection.ask(ApiKey::offset_commit, 2, request.written()),
                                "OffsetCommit", [&worst](Reader& reader) {
                                  read_partitions(reader, [&] {
                                    std::ignore = reader.int32("partition");
                                    const Code code = read_code(reader);
                                    if (code != Code::none) worst = code;
                                  });
                                  return true;
                                });
  if (!read) return read.error();
  return outcome_of(worst, "OffsetCommit of group " + group);
}

}  // namespace millrace::kafka
