#include "cluster/node/peer_questions.hpp"

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "messages/calls.pb.h"

namespace millrace::cluster {
namespace {

constexpr const char* question_service = "http";
/// A call ends by itself within its timeout; this is for what then follows.
constexpr std::chrono::seconds slack{5};

Result<http::PeerAnswer> answer_of(const Result<std::string>& bytes) {
  if (!bytes) return bytes.error();
  pb::HttpAnswer answer;
  if (!answer.ParseFromString(*bytes)) {
    return Error{ErrorCode::protocol, "its answer does not parse"};
  }
  return http::PeerAnswer{static_cast<int>(answer.status()), answer.body()};
}

/// Answers of several peers; outlives ask() where one comes late.
struct Answers {
  explicit Answers(std::size_t peers) : by_peer(peers), open(peers) {}

  std::mutex mutex{};
  std::condition_variable changed{};
  std::vector<std::optional<Result<http::PeerAnswer>>> by_peer;  ///< under mutex, as open
  std::size_t open;
};

}  // namespace

void PeerQuestions::serve(http::HttpService& service) {
  calls_.serve(question_service, [&service](const std::string&, const std::string& request,
                                            const calls::PeerCalls::Answer& answer) {
    pb::HttpQuestion question;
    if (!question.ParseFromString(request)) {
      return answer(Error{ErrorCode::protocol, "a question over HTTP does not parse"});
    }
    service.answer_peer({question.method(), question.target(), question.body(), question.client()},
                        [answer](http::PeerAnswer done) {
                          pb::HttpAnswer out;
                          out.set_status(static_cast<std::uint32_t>(done.status));
                          out.set_body(std::move(done.body));
                          answer(out.SerializeAsString());
                        });
  });
}

std::vector<Result<http::PeerAnswer>> PeerQuestions::ask(const std::vector<std::string>& peers,
                                                         const http::PeerQuestion& question,
                                                         std::chrono::milliseconds timeout) {
  pb::HttpQuestion out;
  out.set_method(question.method);
  out.set_target(question.target);
  out.set_body(question.body);
  out.set_client(question.client);
  const std::string bytes = out.SerializeAsString();
  const auto answers = std::make_shared<Answers>(peers.size());
  for (std::size_t i = 0; i < peers.size(); ++i) {
    calls_.call(peers[i], question_service, bytes, timeout,
                [answers, i](const Result<std::string>& outcome) {
                  const std::lock_guard lock(answers->mutex);
                  answers->by_peer[i].emplace(answer_of(outcome));
                  --answers->open;
                  answers->changed.notify_all();
                });
  }
  std::unique_lock lock(answers->mutex);
  answers->changed.wait_for(lock, timeout + slack, [&] { return answers->open == 0; });
  std::vector<Result<http::PeerAnswer>> results;
  results.reserve(peers.size());
  for (const auto& each : answers->by_peer) {
    results.push_back(each.value_or(Error{ErrorCode::timeout, "no answer in time"}));
  }
  return results;
}

}  // namespace millrace::cluster
