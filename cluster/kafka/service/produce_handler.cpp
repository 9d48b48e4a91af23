#include "cluster/kafka/service/produce_handler.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "cluster/kafka/service/gather.hpp"
#include "cluster/kafka/service/names.hpp"

namespace millrace::kafka {
namespace {

/// What is unpacked of a batch, and its charge.
struct Unpacked {
  std::shared_ptr<const void> bytes;
  http::ByteCharge charge;
};

/// A request while its batches become durable.
struct Producing {
  std::shared_ptr<Exchange> exchange{};
  bool wants_answer = true;
  ProduceAnswer answer{};
  std::vector<ProduceAnswer::Partition*> parts{};  ///< of the answer, in the order of the request
};

/// Why the request as a whole cannot be done.
Code refusal_of(const RequestHeader& header, const ProduceRequest& request) {
  if (header.version < produce_version_min) return Code::unsupported_for_message_format;
  if (request.is_transactional) return Code::transactional_id_authorization_failed;
  return Code::none;
}

bool has_packed(const ProduceRequest& request) {
  for (const ProduceRequest::Topic& topic : request.topics) {
    for (const ProduceRequest::Partition& partition : topic.partitions) {
      if (codec_of(partition.batch) != Codec::none) return true;
    }
  }
  return false;
}

std::shared_ptr<Producing> make_producing(const std::shared_ptr<Exchange>& exchange,
                                          const ProduceRequest& request) {
  auto producing = std::make_shared<Producing>();
  producing->exchange = exchange;
  producing->wants_answer = request.acks != acks_none;
  producing->answer.topics.reserve(request.topics.size());
  for (const ProduceRequest::Topic& topic : request.topics) {
    auto& named = producing->answer.topics.emplace_back();
    named.name = topic.name;
    named.partitions.reserve(topic.partitions.size());
    for (const ProduceRequest::Partition& partition : topic.partitions) {
      named.partitions.push_back({.index = partition.index});
      producing->parts.push_back(&named.partitions.back());
    }
  }
  return producing;
}

void finish(Producing& producing) {
  Exchange& exchange = *producing.exchange;
  if (!producing.wants_answer) {
    // A client that takes no answer learns by the end of its connection that something was lost.
    for (const ProduceAnswer::Partition* part : producing.parts) {
      if (part->code == Code::none) continue;
      return exchange.fail("records without acknowledgement were refused with code " +
                           std::to_string(static_cast<int>(part->code)));
    }
    return exchange.answer_nothing();
  }
  Writer writer = exchange.begin();
  write_produce(writer, exchange.header().version, producing.answer);
  exchange.answer(writer);
}

void take(const Result<Produced>& outcome, ProduceAnswer::Partition& part) {
  if (!outcome) {
    part.code = code_of(outcome.error().code);
    spdlog::debug("Kafka: produce: {}", outcome.error().message);
    return;
  }
  part.base_offset = outcome->base_offset;
  part.log_start_offset = outcome->log_start_offset;
}

}  // namespace

bool ProduceHandler::produce(const std::shared_ptr<Exchange>& exchange,
                             const ProduceRequest& request) {
  const Code refusal = refusal_of(exchange->header(), request);
  http::ByteCharge room;
  const bool is_packed = refusal == Code::none && has_packed(request);
  if (is_packed && !room.take(context_.requests, context_.unpacked_bytes_max)) return false;

  const auto producing = make_producing(exchange, request);
  if (refusal != Code::none) {
    for (ProduceAnswer::Partition* part : producing->parts) part->code = refusal;
    finish(*producing);
    return true;
  }
  const auto gather = std::make_shared<Gather<Produced>>(
      context_.loop.mailbox(), producing->parts.size(), [producing](auto& outcomes) {
        for (std::size_t i = 0; i < outcomes.size(); ++i) take(*outcomes[i], *producing->parts[i]);
        finish(*producing);
      });
  // First all are checked, so that the room is given back before the node takes any.
  std::vector<Result<RecordBatch>> batches;
  batches.reserve(producing->parts.size());
  std::size_t unpacked_left = context_.unpacked_bytes_max;
  for (const ProduceRequest::Topic& topic : request.topics) {
    for (const ProduceRequest::Partition& partition : topic.partitions) {
      if (!is_topic_name(topic.name)) {
        batches.emplace_back(Error{ErrorCode::not_found, "a topic cannot have this name"});
        continue;
      }
      batches.push_back(parse_batch(partition.batch, exchange->frame(), unpacked_left));
      auto& batch = batches.back();
      if (batch && batch->header.codec != Codec::none) unpacked_left -= batch->bytes.size();
      if (batch && batch->header.is_transactional) {
        batch = Error{ErrorCode::invalid_argument, "transactions are not supported"};
      }
    }
  }
  room.release();
  std::size_t index = 0;
  for (const ProduceRequest::Topic& topic : request.topics) {
    for (const ProduceRequest::Partition& partition : topic.partitions) {
      auto& batch = batches[index];
      if (!batch) {
        gather->set(index++, batch.error());
        continue;
      }
      if (batch->header.codec != Codec::none) {
        auto unpacked = std::make_shared<Unpacked>();
        unpacked->bytes = std::move(batch->owner);
        std::ignore = unpacked->charge.take(context_.requests, batch->bytes.size());
        batch->owner = std::move(unpacked);
      }
      context_.api.produce({std::string(topic.name), partition.index}, std::move(*batch),
                           gather->slot(index++));
    }
  }
  gather->finish_if_empty();
  return true;
}

void ProduceHandler::init_producer(const std::shared_ptr<Exchange>& exchange,
                                   const InitProducerIdRequest& request) {
  const auto answer = [exchange](const InitProducerIdAnswer& content) {
    Writer writer = exchange->begin();
    write_init_producer_id(writer, exchange->header().version, content);
    exchange->answer(writer);
  };
  if (request.is_transactional) {
    return answer({.code = Code::transactional_id_authorization_failed});
  }
  std::optional<ProducerId> before;
  if (request.producer_id >= 0) before = ProducerId{request.producer_id, request.producer_epoch};
  const auto gather =
      std::make_shared<Gather<ProducerId>>(context_.loop.mailbox(), 1, [answer](auto& outcomes) {
        const Result<ProducerId>& outcome = *outcomes[0];
        if (outcome) return answer({.producer_id = outcome->id, .producer_epoch = outcome->epoch});
        const bool is_final = outcome.error().code == ErrorCode::fenced;
        answer({.code = is_final ? Code::invalid_producer_epoch : Code::coordinator_not_available});
      });
  context_.api.init_producer(before, gather->slot(0));
}

}  // namespace millrace::kafka
