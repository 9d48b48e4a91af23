// Offers whose numbers the client gave: RuntimeApi::offer_numbered().
#include <optional>
#include <utility>

#include "actors/queue/decide/decide_offer.hpp"
#include "actors/runtime/new_envelope.hpp"
#include "cluster/http/service/parsed_offer.hpp"
#include "cluster/http/service/runtime_api.hpp"
#include "messages/hash.hpp"

namespace millrace::http {
namespace {

/// Before the names that clients give, so that none is that of a sender or an outbox.
constexpr const char* client_prefix = "client/";

struct NumberedShape {
  std::uint32_t shard = 0;
  std::vector<Offered> places{};
  std::shared_ptr<queues::Offer> offer = std::make_shared<queues::Offer>();
};

/// What the queue is offered. Fails as RuntimeApi::offer(): the text says which message is wrong.
Result<NumberedShape> shape_of(NumberedOffers& offers, const std::string& type, const KeyOf& key_of,
                               std::uint32_t shards, TimeUs now_us) {
  NumberedShape shape;
  shape.offer->producer = client_prefix + offers.producer;
  shape.offer->epoch = offers.epoch;
  shape.offer->first = offers.first;
  for (std::size_t i = 0; i < offers.requests.size(); ++i) {
    OfferRequest& request = offers.requests[i];
    const auto wrong = [&](const Error& error) {
      const std::string place = "message " + std::to_string(i + 1) + ": ";
      return Error{error.code, (offers.requests.size() == 1 ? "" : place) + error.message};
    };
    auto parsed = parse_offer(request, type, key_of);
    if (!parsed) return wrong(parsed.error());
    // Messages without a key: one shard for all of the producer, so that their numbers are dense there.
    const std::uint32_t shard =
        shard_of(parsed->key.empty() ? shape.offer->producer : parsed->key, shards);
    if (i == 0) shape.shard = shard;
    if (shard != shape.shard) {
      return wrong({ErrorCode::invalid_argument,
                    "expected messages of one shard, as a producer has numbers of its own in each: "
                    "the first is of shard " +
                        std::to_string(shape.shard) + ", this one of shard " +
                        std::to_string(shard)});
    }
    request.options.idempotency_key = request.idempotency_key;
    auto envelope =
        new_envelope(parsed->key, std::move(parsed->payload), std::move(request.options), now_us);
    if (!envelope) return wrong(envelope.error());
    const MessageId id =
        offer_id(shape.offer->producer + "/" + std::to_string(shard), offers.first + i);
    (*envelope)->set_id_high(id.high);
    (*envelope)->set_id_low(id.low);
    shape.offer->messages.push_back(*std::move(envelope));
    shape.places.push_back({request.queue, std::move(parsed->key), shard});
  }
  return shape;
}

NumberedResult result_of(std::uint64_t first, std::vector<Offered> places,
                         const senders::NumberedOutcome& outcome) {
  NumberedResult result;
  result.shard = places.front().shard;
  result.known = outcome.known;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::uint64_t number = first + i;
    if (number > outcome.settled && outcome.refusal) {
      result.messages.emplace_back(*outcome.refusal);
      continue;
    }
    places[i].is_duplicate = number <= outcome.known;
    result.messages.emplace_back(std::move(places[i]));
  }
  return result;
}

}  // namespace

std::optional<NumberedResult> RuntimeApi::offer_numbered(NumberedOffers offers,
                                                         NumberedOffersDone done) {
  const std::string queue = offers.requests.front().queue;
  const std::size_t count = offers.requests.size();
  std::uint32_t shard = 0;
  const auto refused = [&](const Error& refusal) {
    return NumberedResult{.shard = shard, .messages = std::vector<Result<Offered>>(count, refusal)};
  };
  const std::shared_ptr<Target> found = target_of(queue);
  if (!found) return refused({ErrorCode::not_found, "no pipeline has a queue " + queue});
  const Target& target = *found;
  if (target.is_dead_letter) {
    return refused(
        {ErrorCode::invalid_argument, queue + " takes dead letters, and no messages from outside"});
  }
  auto shape =
      shape_of(offers, target.type, target.key_of, runtime_.shards(), runtime_.clock().now_us());
  if (!shape) return refused(shape.error());
  shard = shape->shard;
  if (cluster_.owner(queue, shard).empty()) return refused(no_owner(queue, shard));
  const auto taken = runtime_.offer_numbered(
      queue, shard, std::move(shape->offer),
      [first = offers.first, places = std::move(shape->places), done = std::move(done)](
          const senders::NumberedOutcome& outcome) { done(result_of(first, places, outcome)); });
  if (!taken) return refused(taken.error());
  return std::nullopt;
}

}  // namespace millrace::http
