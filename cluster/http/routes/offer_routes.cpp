// What the routes for messages from outside answer.
#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "actors/base/clock.hpp"
#include "cluster/http/json/headers_json.hpp"
#include "cluster/http/json/offer_json.hpp"
#include "cluster/http/message/problem.hpp"
#include "cluster/http/routes/router.hpp"

namespace millrace::http {
namespace {

constexpr std::size_t offered_queue_segment = 3;  // of /api/v1/queues/QUEUE/messages
constexpr std::size_t idempotency_key_max = 255;
constexpr std::size_t producer_bytes_max = 200;
constexpr const char* producer_field = "Millrace-Producer";
constexpr const char* epoch_field = "Millrace-Epoch";
constexpr const char* sequence_field = "Millrace-Sequence";

HttpResponse accepted(const Json& body) {
  HttpResponse response;
  response.status = 202;
  response.body = dump(body) + '\n';
  return response;
}

/// The answer for many messages: 202 if all are durable, else the problem of the first that is not, with
/// what became of each.
HttpResponse answer_of(const std::vector<Result<Offered>>& results) {
  const auto refused =
      std::find_if(results.begin(), results.end(), [](const Result<Offered>& one) { return !one; });
  Json body = to_json(results);
  if (refused == results.end()) return accepted(body);
  HttpResponse response = problem(refused->error());
  Json told = Json::parse(response.body);
  told["messages"] = std::move(body["messages"]);
  response.body = dump(told) + '\n';
  return response;
}

/// As answer_of(), or of one message its own.
HttpResponse numbered_answer(const NumberedResult& result, bool has_lines) {
  const auto refused = std::find_if(result.messages.begin(), result.messages.end(),
                                    [](const Result<Offered>& one) { return !one; });
  if (refused == result.messages.end()) {
    return has_lines ? answer_of(result.messages) : accepted(to_json(*result.messages.front()));
  }
  // It moves just now: the next request is told where to.
  if (refused->error().code == ErrorCode::not_owner) {
    return problem({ErrorCode::unreachable, refused->error().message});
  }
  HttpResponse response = has_lines ? answer_of(result.messages) : problem(refused->error());
  if (refused->error().code == ErrorCode::out_of_order) {
    Json told = Json::parse(response.body);
    told["last"] = result.known;
    response.body = dump(told) + '\n';
  }
  return response;
}

Result<std::uint64_t> number_in(const HttpRequest& request, const char* field) {
  const std::string_view text = request.field(field);
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  constexpr std::uint64_t max = std::numeric_limits<std::int64_t>::max();
  if (error == std::errc() && at == end && number >= 1 && number <= max) return number;
  return Error{ErrorCode::invalid_argument,
               std::string(field) + ": expected a number from 1 to " + std::to_string(max)};
}

/// The producer's name and number of a request, without messages; nullopt: it has none.
Result<std::optional<NumberedOffers>> numbers_of(const HttpRequest& request) {
  const bool has_any =
      request.count(producer_field) + request.count(epoch_field) + request.count(sequence_field) >
      0;
  if (!has_any) return std::optional<NumberedOffers>();
  NumberedOffers offers;
  offers.producer = request.field(producer_field);
  if (offers.producer.empty() || offers.producer.size() > producer_bytes_max) {
    return Error{ErrorCode::invalid_argument, std::string(producer_field) +
                                                  ": expected a name of 1 to " +
                                                  std::to_string(producer_bytes_max) + " bytes"};
  }
  const auto first = number_in(request, sequence_field);
  if (!first) return first.error();
  offers.first = *first;
  if (request.count(epoch_field) > 0) {
    const auto epoch = number_in(request, epoch_field);
    if (!epoch) return epoch.error();
    offers.epoch = *epoch;
  }
  return std::optional(std::move(offers));
}

/// The message belongs to the trace of the request, unless it has one of its own.
void add_trace(const HttpRequest& request, OfferRequest& offer) {
  const std::string_view trace = request.field(traceparent_header);
  if (trace.empty() || request.count(traceparent_header) > 1 || !is_traceparent(trace)) return;
  Headers& headers = offer.options.headers;
  const bool has_own = std::any_of(headers.begin(), headers.end(), [](const Header& each) {
    return each.name == traceparent_header;
  });
  if (!has_own) headers.push_back({traceparent_header, std::string(trace)});
}

}  // namespace

void Router::offer(HttpRequest& request, const Responder& responder) {
  OfferRequest offer;
  offer.queue = request.path[offered_queue_segment];
  offer.json = std::move(request.body);
  offer.idempotency_key = request.field("Idempotency-Key");
  add_trace(request, offer);
  if (offer.idempotency_key.size() > idempotency_key_max) {
    responder.complete(
        problem({ErrorCode::invalid_argument, "Idempotency-Key: expected at most " +
                                                  std::to_string(idempotency_key_max) + " bytes"}));
    return;
  }
  for (const auto& [name, value] : request.query) {
    if (name != "key") {
      responder.complete(
          problem({ErrorCode::invalid_argument, "query: expected key, got " + name}));
      return;
    }
    offer.key = value;
  }
  auto numbered = numbers_of(request);
  if (!numbered) {
    responder.complete(problem(numbered.error()));
    return;
  }
  // Also the answer if the offer is dropped without an outcome: it may be durable yet.
  responder.expect_by(
      std::chrono::steady_clock::now() + offer_timeout,
      problem({ErrorCode::timeout,
               offer.queue + " did not confirm the message in time; it may be queued yet: offer it "
                             "again under its idempotency key or number"}));
  if (*numbered) {
    (*numbered)->requests.push_back(std::move(offer));
    offer_numbered(request, responder, **std::move(numbered), false);
    return;
  }
  const auto taken = api_.offer(offer, [responder](const Result<Offered>& offered) {
    responder.complete(offered ? accepted(to_json(*offered)) : problem(offered.error()));
  });
  if (taken) return;
  const bool is_elsewhere = taken.error().code == ErrorCode::not_owner && offer.key;
  responder.complete(is_elsewhere ? elsewhere(request.target, offer.queue, *offer.key)
                                  : problem(taken.error()));
}

void Router::offer_all(HttpRequest& request, const Responder& responder) {
  const std::string& queue = request.path[offered_queue_segment];
  auto offers = parse_offers(queue, request.body, SystemClock().now_us());
  if (!request.query.empty()) {
    offers =
        Error{ErrorCode::invalid_argument, "query: expected none, as each line has its fields"};
  }
  if (offers) {
    for (OfferRequest& each : *offers) add_trace(request, each);
  }
  auto numbered = numbers_of(request);
  if (!offers || !numbered) {
    responder.complete(problem(!offers ? offers.error() : numbered.error()));
    return;
  }
  responder.expect_by(
      std::chrono::steady_clock::now() + offer_timeout,
      problem({ErrorCode::timeout, queue + " did not confirm all messages in time; they may be "
                                           "queued yet: offer them again under their idempotency "
                                           "keys or numbers"}));
  if (*numbered) {
    (*numbered)->requests = *std::move(offers);
    offer_numbered(request, responder, **std::move(numbered), true);
    return;
  }
  api_.offer_all(std::move(*offers), [responder](const std::vector<Result<Offered>>& results) {
    responder.complete(answer_of(results));
  });
}

void Router::offer_numbered(const HttpRequest& request, const Responder& responder,
                            NumberedOffers offers, bool has_lines) {
  const auto refused =
      api_.offer_numbered(std::move(offers), [responder, has_lines](const NumberedResult& result) {
        responder.complete(numbered_answer(result, has_lines));
      });
  if (!refused) return;
  const Result<Offered>& first = refused->messages.front();
  const bool is_elsewhere = !first && first.error().code == ErrorCode::not_owner;
  responder.complete(
      is_elsewhere ? elsewhere(request.target, request.path[offered_queue_segment], refused->shard)
                   : numbered_answer(*refused, has_lines));
}

}  // namespace millrace::http
