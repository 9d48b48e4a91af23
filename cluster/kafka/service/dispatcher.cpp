#include "cluster/kafka/service/dispatcher.hpp"

#include <optional>
#include <string>

#include "cluster/kafka/protocol/api_versions.hpp"

namespace millrace::kafka {
namespace {

using ExchangePtr = std::shared_ptr<Exchange>;

/// The request, read by `read` to its last byte; nullopt: it is malformed, and the connection is closed.
template <class Request>
std::optional<Request> parse(Exchange& exchange, Request (*read)(Reader&, std::int16_t)) {
  const RequestHeader& header = exchange.header();
  Reader reader(exchange.body(), header.encoding);
  Request request = read(reader, header.version);
  if (auto end = reader.end(); !end) {
    exchange.fail("request " + std::to_string(static_cast<int>(header.key)) + " of version " +
                  std::to_string(header.version) + ": " + end.error().message);
    return std::nullopt;
  }
  return request;
}

/// Reads the request and passes it to `take`.
template <class Request, class Take>
void parsed(const ExchangePtr& exchange, Request (*read)(Reader&, std::int16_t), Take take) {
  if (const auto request = parse(*exchange, read)) take(exchange, *request);
}

void answer_api_versions(const ExchangePtr& exchange) {
  const RequestHeader& header = exchange->header();
  Writer writer = exchange->begin();
  if (header.is_known) {
    if (!parse(*exchange, read_api_versions)) return;
    write_api_versions(writer, header.version, Code::none);
  } else {
    write_api_versions(writer, 0, Code::unsupported_version);
  }
  exchange->answer(writer);
}

bool goes_before_authentication(ApiKey key) {
  return key == ApiKey::api_versions || key == ApiKey::sasl_handshake ||
         key == ApiKey::sasl_authenticate;
}

}  // namespace

bool Dispatcher::handle(const ExchangePtr& exchange) {
  const RequestHeader& header = exchange->header();
  const Session& session = exchange->session();
  if (session.sasl == Session::Sasl::by_frames) {
    sasl_.authenticate_raw(exchange);
    return true;
  }
  if (!session.is_admitted() && !goes_before_authentication(header.key)) {
    exchange->fail("expected a SASL exchange before any other request");
    return true;
  }
  const auto to = [](auto& handler, auto function) {
    return [&handler, function](const ExchangePtr& each, const auto& request) {
      (handler.*function)(each, request);
    };
  };
  switch (header.key) {
    case ApiKey::produce: {
      const auto request = parse(*exchange, read_produce);
      return !request || produce_.produce(exchange, *request);
    }
    case ApiKey::fetch:
      parsed(exchange, read_fetch, to(fetch_, &FetchHandler::fetch));
      break;
    case ApiKey::list_offsets:
      parsed(exchange, read_list_offsets, to(fetch_, &FetchHandler::list_offsets));
      break;
    case ApiKey::metadata:
      parsed(exchange, read_metadata, to(topics_, &TopicsHandler::metadata));
      break;
    case ApiKey::offset_commit:
      parsed(exchange, read_offset_commit, to(groups_, &GroupHandler::commit));
      break;
    case ApiKey::offset_fetch:
      parsed(exchange, read_offset_fetch, to(groups_, &GroupHandler::fetch_offsets));
      break;
    case ApiKey::find_coordinator:
      parsed(exchange, read_find_coordinator, to(groups_, &GroupHandler::find_coordinator));
      break;
    case ApiKey::join_group:
      parsed(exchange, read_join_group, to(groups_, &GroupHandler::join));
      break;
    case ApiKey::heartbeat:
      parsed(exchange, read_heartbeat, to(groups_, &GroupHandler::heartbeat));
      break;
    case ApiKey::leave_group:
      parsed(exchange, read_leave_group, to(groups_, &GroupHandler::leave));
      break;
    case ApiKey::sync_group:
      parsed(exchange, read_sync_group, to(groups_, &GroupHandler::sync));
      break;
    case ApiKey::describe_groups:
      parsed(exchange, read_describe_groups, to(groups_, &GroupHandler::describe));
      break;
    case ApiKey::list_groups:
      if (Reader(exchange->body()).end()) {
        groups_.list(exchange);
      } else {
        exchange->fail("ListGroups: expected no fields");
      }
      break;
    case ApiKey::sasl_handshake:
      parsed(exchange, read_sasl_handshake, to(sasl_, &SaslHandler::handshake));
      break;
    case ApiKey::api_versions:
      answer_api_versions(exchange);
      break;
    case ApiKey::create_topics:
      parsed(exchange, read_create_topics, to(topics_, &TopicsHandler::create));
      break;
    case ApiKey::delete_topics:
      parsed(exchange, read_delete_topics, to(topics_, &TopicsHandler::remove));
      break;
    case ApiKey::init_producer_id:
      parsed(exchange, read_init_producer_id, to(produce_, &ProduceHandler::init_producer));
      break;
    case ApiKey::describe_configs:
      parsed(exchange, read_describe_configs, to(topics_, &TopicsHandler::describe_configs));
      break;
    case ApiKey::delete_groups:
      parsed(exchange, read_delete_groups, to(groups_, &GroupHandler::remove));
      break;
    case ApiKey::offset_delete:
      parsed(exchange, read_offset_delete, to(groups_, &GroupHandler::forget_offsets));
      break;
    case ApiKey::sasl_authenticate:
      parsed(exchange, read_sasl_authenticate, to(sasl_, &SaslHandler::authenticate));
      break;
  }
  return true;
}

void Dispatcher::wind_down() {
  fetch_.wind_down();
  groups_.wind_down();
}

}  // namespace millrace::kafka
