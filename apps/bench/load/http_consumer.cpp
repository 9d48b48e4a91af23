// Handles messages as a worker of an external stage: POST /api/v1/stages/PIPELINE/STAGE/leases, and then
// /api/v1/leases/complete, without outputs.
#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>
#include <vector>

#include "actors/base/clock.hpp"
#include "apps/bench/load/http_node.hpp"
#include "apps/bench/load/load_client.hpp"

namespace millrace::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Json = nlohmann::json;

constexpr milliseconds lease_pause{100};
constexpr std::size_t lease_messages_max = 1'000;

class HttpConsumer final : public Consumer {
 public:
  HttpConsumer(const ConsumeOptions& options, std::size_t index, HttpNode node,
               LoadSurroundings around)
      : options_(options),
        worker_("bench-" + std::to_string(index)),
        node_(std::move(node)),
        around_(around) {}

  Result<void> receive() override {
    const std::size_t max = around_.course.reserve(std::min(options_.batch, lease_messages_max));
    if (max == 0) {
      std::ignore = around_.course.wait(lease_pause);  // others have the rest
      return {};
    }
    const auto begun = steady_clock::now();
    Received received;
    const Result<void> leased = lease_and_complete(max, received, begun);
    around_.course.receive(max, leased ? received.done : 0);
    if (leased || !is_passing(leased.error().code)) return leased;
    around_.tally.retried(leased.error());
    std::ignore = around_.course.wait(lease_pause);
    return {};
  }

 private:
  struct Received {
    Json completion = Json::array();      ///< the leases of the request that completes them
    std::vector<std::size_t> messages{};  ///< of each lease
    std::vector<std::string> payloads{};  ///< of all leases, in order
    std::size_t done = 0;                 ///< messages whose outcome is durable
  };

  Result<void> lease_and_complete(std::size_t max, Received& received, LoadCourse::Time begun) {
    try {
      const Result<void> leased = lease(max, received);
      return !leased || received.payloads.empty() ? leased : complete(received, begun);
    } catch (const Json::exception& error) {
      return Error{ErrorCode::protocol, std::string("the node's answer: ") + error.what()};
    }
  }

  Result<void> lease(std::size_t max, Received& received) {
    const Json request{{"max", max}, {"wait", "1s"}, {"session", true}, {"worker", worker_}};
    const auto answer = node_.post("/api/v1/stages/" + options_.target.name + "/leases",
                                   "application/json", request.dump());
    if (!answer) return answer.error();
    if (answer->status == 204) return {};
    if (answer->status != 200) return error_of(*answer);
    const Json json = Json::parse(answer->body, nullptr, false);
    if (!json.is_object() || !json.contains("leases")) {
      return Error{ErrorCode::protocol, "expected leases, got something else"};
    }
    for (const Json& lease : json["leases"]) {
      Json outcomes = Json::array();
      for (const Json& message : lease.value("messages", Json::array())) {
        received.payloads.push_back(message.value("payload", Json()).dump());
        outcomes.push_back({{"outputs", Json::array()}});
      }
      received.messages.push_back(outcomes.size());
      received.completion.push_back(
          {{"lease", lease.value("lease", "")}, {"outcomes", std::move(outcomes)}});
    }
    return {};
  }

  /// A completion whose answer was lost is sent again: it then says "already_done".
  Result<void> complete(Received& received, LoadCourse::Time begun) {
    const std::string body = Json{{"leases", received.completion}}.dump();
    auto answer = node_.post("/api/v1/leases/complete", "application/json", body);
    if (!answer) {
      around_.tally.retried(answer.error());
      answer = node_.post("/api/v1/leases/complete", "application/json", body);
    }
    if (!answer) return answer.error();
    if (answer->status != 200) return error_of(*answer);
    const Json json = Json::parse(answer->body, nullptr, false);
    const Json results = json.is_object() ? json.value("leases", Json::array()) : Json::array();
    if (results.size() != received.messages.size()) {
      return Error{ErrorCode::protocol, "expected a result for each lease"};
    }
    const TimeUs now_us = SystemClock().now_us();
    std::size_t first = 0;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < results.size(); ++i) {
      const std::size_t count = received.messages[i];
      const std::string result = results[i].value("result", "");
      if (result == "done" || result == "already_done") {
        for (std::size_t j = first; j < first + count; ++j) {
          around_.tally.received(received.payloads[j], now_us);
          bytes += received.payloads[j].size();
        }
        received.done += count;
      } else if (result == "lease_expired") {
        around_.tally.retried({ErrorCode::expired, "a lease ended before it was completed"});
      } else {
        return Error{ErrorCode::rejected,
                     "the node says " + result + ": " + results[i].value("detail", "")};
      }
      first += count;
    }
    around_.tally.answered(received.done, bytes, to_us(steady_clock::now() - begun));
    return {};
  }

  const ConsumeOptions& options_;
  const std::string worker_;
  HttpNode node_;
  const LoadSurroundings around_;
};

}  // namespace

Result<std::unique_ptr<Consumer>> open_http_consumer(const ConsumeOptions& options,
                                                     std::size_t index, LoadSurroundings around) {
  auto node = HttpNode::open(options.target.url, options.target.token);
  if (!node) return node.error();
  return std::unique_ptr<Consumer>(
      std::make_unique<HttpConsumer>(options, index, std::move(*node), around));
}

}  // namespace millrace::bench
