// Offers messages to a queue by lines of JSON: POST /api/v1/queues/QUEUE/messages.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

#include "apps/bench/load/http_node.hpp"
#include "apps/bench/load/load_client.hpp"

namespace millrace::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Json = nlohmann::json;

constexpr milliseconds retry_after_min{100};
constexpr std::chrono::seconds retry_after_max{5};

/// How long the node asks to wait.
milliseconds retry_after(const http::ClientAnswer& answer) {
  const std::string_view text = answer.field("Retry-After");
  int seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::clamp<milliseconds>(std::chrono::seconds(seconds), retry_after_min, retry_after_max);
}

class HttpPublisher final : public Publisher {
 public:
  HttpPublisher(const PublishOptions& options, std::string run, HttpNode node,
                LoadSurroundings around)
      : options_(options), run_(std::move(run)), node_(std::move(node)), around_(around) {}

  Result<void> send(std::span<const LoadMessage> messages, LoadCourse::Time begun) override {
    std::vector<const LoadMessage*> left;
    for (const LoadMessage& each : messages) left.push_back(&each);
    const auto give_up = steady_clock::now() + std::chrono::duration<double>(options_.patience_s);
    while (true) {
      Round round = offer(left, begun);
      if (round.fatal) return *round.fatal;
      left = std::move(round.left);
      if (left.empty()) return {};
      if (steady_clock::now() + round.pause >= give_up || !around_.course.wait(round.pause)) {
        around_.tally.refused(left.size(), *round.reason);
        return {};
      }
      around_.tally.retried(*round.reason);
    }
  }

 private:
  /// What became of one request.
  struct Round {
    std::vector<const LoadMessage*> left{};  ///< may be sent again
    std::optional<Error> reason{};           ///< why the first of them was not taken
    std::optional<Error> fatal{};
    milliseconds pause = retry_after_min;
  };

  [[nodiscard]] std::string body_of(const std::vector<const LoadMessage*>& messages) const {
    std::string body;
    for (const LoadMessage* each : messages) {
      body += R"({"payload":)" + each->payload;
      if (!each->key.empty()) body += R"(,"key":")" + each->key + '"';
      if (options_.is_idempotent) {
        body += R"(,"idempotency_key":")" + run_ + '-' + std::to_string(each->number) + '"';
      }
      body += "}\n";
    }
    return body;
  }

  void confirm(const std::vector<const LoadMessage*>& messages, LoadCourse::Time begun) {
    std::size_t bytes = 0;
    for (const LoadMessage* each : messages) bytes += each->payload.size();
    around_.tally.answered(messages.size(), bytes, to_us(steady_clock::now() - begun));
  }

  Round offer(const std::vector<const LoadMessage*>& messages, LoadCourse::Time begun) {
    const auto answer = node_.post("/api/v1/queues/" + options_.target.name + "/messages",
                                   "application/x-ndjson", body_of(messages));
    Round round;
    if (!answer) {
      fail_all(round, messages, answer.error(), options_.is_idempotent);
      return round;
    }
    if (answer->status == 202) {
      confirm(messages, begun);
      return round;
    }
    round.pause = retry_after(*answer);
    const Json json = Json::parse(answer->body, nullptr, false);
    const bool has_each = json.is_object() && json.contains("messages") &&
                          json["messages"].is_array() && json["messages"].size() == messages.size();
    if (!has_each) {
      const Error error = error_of(*answer);
      if (is_passing(error.code)) {
        fail_all(round, messages, error, can_repeat(error.code));
      } else {
        round.fatal = error;
      }
      return round;
    }
    std::vector<const LoadMessage*> confirmed;
    std::vector<Error> refusals;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const Json& outcome = json["messages"][i];
      if (!outcome.is_object() || !outcome.contains("code")) {
        confirmed.push_back(messages[i]);
        continue;
      }
      const Error error = error_in(outcome);
      if (is_passing(error.code) && can_repeat(error.code)) {
        round.left.push_back(messages[i]);
        if (!round.reason) round.reason = error;
      } else {
        refusals.push_back(error);
      }
    }
    if (refusals.size() == messages.size()) {
      round.fatal = refusals.front();  // so will all others be
      return round;
    }
    for (const Error& each : refusals) around_.tally.refused(1, each);
    confirm(confirmed, begun);
    return round;
  }

  /// Without idempotency keys, a message whose outcome is unknown would perhaps be there twice.
  [[nodiscard]] bool can_repeat(ErrorCode code) const {
    return options_.is_idempotent || code != ErrorCode::timeout;
  }

  void fail_all(Round& round, const std::vector<const LoadMessage*>& messages, const Error& error,
                bool can_be_sent_again) {
    if (can_be_sent_again) {
      round.left = messages;
      round.reason = error;
    } else {
      around_.tally.refused(messages.size(), error);
    }
  }

  const PublishOptions& options_;
  const std::string run_;
  HttpNode node_;
  const LoadSurroundings around_;
};

}  // namespace

bool is_passing(ErrorCode code) {
  switch (code) {
    case ErrorCode::backlog_full:
    case ErrorCode::draining:
    case ErrorCode::log_unreachable:
    case ErrorCode::not_owner:
    case ErrorCode::storage_full:
    case ErrorCode::timeout:
    case ErrorCode::unreachable:
      return true;
    default:
      return false;
  }
}

Result<std::unique_ptr<Publisher>> open_http_publisher(const PublishOptions& options,
                                                       const std::string& run,
                                                       LoadSurroundings around) {
  auto node = HttpNode::open(options.target.url, options.target.token);
  if (!node) return node.error();
  const auto queue = node->get("/api/v1/queues/" + options.target.name);
  if (!queue) return queue.error();
  if (queue->status != 200) return error_of(*queue);
  return std::unique_ptr<Publisher>(
      std::make_unique<HttpPublisher>(options, run, std::move(*node), around));
}

}  // namespace millrace::bench
