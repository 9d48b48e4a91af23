#include "cluster/http/json/offer_json.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "cluster/http/json/bounded_json.hpp"
#include "cluster/http/json/headers_json.hpp"
#include "cluster/http/json/members.hpp"

namespace millrace::http {
namespace {

constexpr std::size_t offers_max = 1'000;
constexpr std::size_t idempotency_key_max = 255;
constexpr DurationUs day_us = 24LL * 3'600 * 1'000'000;
constexpr DurationUs span_max_us = 100 * 365 * day_us;
/// Of a line: a message within an object.
constexpr JsonBounds line_bounds{.elements_max = message_json_bounds.elements_max + 16,
                                 .depth_max = message_json_bounds.depth_max + 1};

/// Microseconds from now on: of a duration under `in`, or a time under `at`; nullopt: neither is there.
Result<std::optional<DurationUs>> span_of(const Members& said, const std::string& in,
                                          const std::string& at, TimeUs now_us,
                                          const std::string& place) {
  const auto duration = said.find(in);
  const auto time = said.find(at);
  if (duration && time) return wrong_body(place + at, "it without " + in);
  if (duration) {
    const auto us = duration_of(*duration, 0, span_max_us, place + in);
    if (!us) return us.error();
    return std::optional(*us);
  }
  if (!time) return std::optional<DurationUs>();
  const auto parsed = is_string(*time) ? parse_time(string_of(*time)) : std::nullopt;
  if (!parsed) return wrong_body(place + at, "a time such as \"2026-01-31T23:59:59Z\"");
  return std::optional<DurationUs>(std::max<TimeUs>(*parsed - now_us, 0));
}

Result<OfferRequest> parse_line(const std::string& queue, std::string_view line, TimeUs now_us,
                                const std::string& place) {
  if (auto checked = check_json(line, line_bounds); !checked) {
    return Error{checked.error().code, place + checked.error().message};
  }
  const auto said = Members::of(line,
                                {"payload", "key", "idempotency_key", "priority", "delay",
                                 "not_before", "expires_in", "expires_at", "headers"},
                                place.substr(0, place.size() - 2));
  if (!said) return said.error();
  OfferRequest offer{.queue = queue};
  const auto payload = said->find("payload");
  if (!payload) return wrong_body(place + "payload", "the message");
  offer.json = *payload;
  if (const auto key = said->find("key")) {
    if (!is_string(*key)) return wrong_body(place + "key", "a string");
    offer.key = string_of(*key);
  }
  if (const auto key = said->find("idempotency_key")) {
    if (is_string(*key)) offer.idempotency_key = string_of(*key);
    if (offer.idempotency_key.empty() || offer.idempotency_key.size() > idempotency_key_max) {
      return wrong_body(place + "idempotency_key",
                        "a string of 1 to " + std::to_string(idempotency_key_max) + " bytes");
    }
  }
  if (const auto priority = said->find("priority")) {
    const auto number = integer_of(*priority, 0, 9, place + "priority");
    if (!number) return number.error();
    offer.options.priority = static_cast<int>(*number);
  }
  if (const auto headers = said->find("headers")) {
    auto read = headers_of(*headers, place + "headers");
    if (!read) return read.error();
    offer.options.headers = *std::move(read);
  }
  const auto delay = span_of(*said, "delay", "not_before", now_us, place);
  if (!delay) return delay.error();
  offer.options.delay = std::chrono::microseconds(delay->value_or(0));
  const auto life = span_of(*said, "expires_in", "expires_at", now_us, place);
  if (!life) return life.error();
  // 0 is "never"; what is over already ends at once.
  if (*life) offer.options.expires_in = std::chrono::microseconds(std::max<DurationUs>(**life, 1));
  return offer;
}

}  // namespace

Result<std::vector<OfferRequest>> parse_offers(const std::string& queue, const std::string& body,
                                               TimeUs now_us) {
  std::vector<OfferRequest> offers;
  std::string_view left(body);
  for (std::size_t number = 1; !left.empty(); ++number) {
    const std::size_t end = left.find('\n');
    const std::string_view line = trimmed(left.substr(0, end));
    left.remove_prefix(end == left.npos ? left.size() : end + 1);
    if (line.empty()) continue;
    if (offers.size() == offers_max) {
      return wrong_body("", "at most " + std::to_string(offers_max) + " lines");
    }
    auto offer = parse_line(queue, line, now_us, "line " + std::to_string(number) + ": ");
    if (!offer) return offer.error();
    offers.push_back(std::move(*offer));
  }
  if (offers.empty()) return wrong_body("", "a JSON object in each line, got none");
  return offers;
}

Json to_json(const std::vector<Result<Offered>>& results) {
  Json messages = Json::array();
  for (const Result<Offered>& one : results) {
    if (one) {
      Json shown{{"shard", one->shard}, {"key", one->key}};
      if (one->is_duplicate) shown["duplicate"] = true;
      messages.push_back(std::move(shown));
    } else {
      messages.push_back({{"code", to_string(one.error().code)}, {"detail", one.error().message}});
    }
  }
  return {{"messages", std::move(messages)}};
}

}  // namespace millrace::http
