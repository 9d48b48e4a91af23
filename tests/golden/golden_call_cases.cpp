#include "messages/calls.pb.h"
#include "tests/golden/golden_cases.hpp"

namespace millrace {
namespace {

template <class Message>
std::shared_ptr<Message> of_call() {
  auto message = std::make_shared<Message>();
  message->set_caller(0x0123456789abcdef);
  message->set_number(300);
  return message;
}

}  // namespace

std::vector<GoldenCase> golden_call_cases() {
  const auto request = of_call<pb::PeerRequest>();
  request->set_service("kafka.commit");
  request->set_request("one\xff");
  const auto answer = of_call<pb::PeerAnswer>();
  answer->set_answer("two\xff");
  const auto error = of_call<pb::PeerAnswer>();
  error->mutable_error()->set_code(14);
  error->mutable_error()->set_message("b does\xff");
  const auto question = std::make_shared<pb::HttpQuestion>();
  question->set_method("POST");
  question->set_target("/api/v1/pause");
  question->set_body("{\"queue\":\"in\"}");
  question->set_client("127.0.0.1");
  const auto page = std::make_shared<pb::HttpAnswer>();
  page->set_status(200);
  page->set_body("{}");
  return {{"calls_request", request},
          {"calls_answer", answer},
          {"calls_error", error},
          {"calls_http_question", question},
          {"calls_http_answer", page}};
}

}  // namespace millrace
