// Promise: headers stay with a message through retries, restarts, dead letters and redrives; outputs and
// timers inherit `traceparent`, and the others where the handler says so; headers out of bounds fail what
// carries them. In virtual time.
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/stage/message_options.hpp"
#include "actors/testing/pipeline_test.hpp"

namespace millrace {
namespace {

using google::protobuf::StringValue;

const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const QueueRef<StringValue>& in() {
  static const auto ref = queue<StringValue>("test.in");
  return ref;
}
const QueueRef<StringValue>& out() {
  static const auto ref = queue<StringValue>("test.out");
  return ref;
}

Headers headers_of(const pb::Envelope& envelope) {
  Headers all;
  for (const pb::Header& each : envelope.header()) all.push_back({each.name(), each.value()});
  return all;
}

/// Does what the test says with each message, and notes its headers.
struct Work {
  using Act = std::function<Outcome<Routed>(const StringValue&, const Context&)>;
  std::shared_ptr<std::vector<Headers>> seen;
  Act act;
  Outcome<Routed> operator()(const StringValue& message, const Context& context) const {
    seen->push_back(context.headers());
    return act(message, context);
  }
};

class HeadersActor : public ::testing::Test {
 protected:
  void start(Work::Act act, const StageOptions& options = {}) {
    test_ = std::make_unique<PipelineTest>(std::vector<PipelineSpec>{
        pipeline("test").from(in()).then("work", Work{seen_, std::move(act)}, options).to(out())});
  }
  void send(Headers headers) {
    test_->send(in(), StringValue(), {.headers = std::move(headers)});
    test_->run();
  }
  [[nodiscard]] std::vector<Headers> waiting(const std::string& queue) {
    std::vector<Headers> all;
    for (const MessageView& each : test_->messages(queue)) all.push_back(headers_of(each.envelope));
    return all;
  }

  std::shared_ptr<std::vector<Headers>> seen_ = std::make_shared<std::vector<Headers>>();
  std::unique_ptr<PipelineTest> test_;
};

TEST_F(HeadersActor, AreReadByNameAndAreThereInEachDelivery) {
  int deliveries = 0;
  start([&](const StringValue&, const Context& context) -> Outcome<Routed> {
    EXPECT_EQ(context.header("source"), "till-7");
    EXPECT_EQ(context.header("Source"), std::nullopt) << "case counts";
    EXPECT_EQ(context.header("none"), std::nullopt);
    if (++deliveries == 1) return Retry{"once"};
    return Routed();
  });
  const Headers headers{{"source", "till-7"}, {"empty", ""}, {"bytes", std::string("\0\xff", 2)}};
  send(headers);
  test_->crash();
  test_->advance(std::chrono::seconds(1));
  EXPECT_EQ(*seen_, (std::vector<Headers>{headers, headers}));
}

TEST_F(HeadersActor, OfOutputsAreThoseThatTheHandlerNamesAndTheTrace) {
  start([](const StringValue& message, const Context&) -> Outcome<Routed> {
    return Routed()
        .to(out(), message)
        .to(out(), message, {.headers = {{"own", "1"}}})
        .to(out(), message, {.headers = {{"traceparent", "mine"}}})
        .to(out(), message, {.headers = {{"source", "changed"}}, .inherits_headers = true});
  });
  send({{"source", "till-7"}, {"traceparent", trace}, {"last", "x"}});
  EXPECT_EQ(waiting("test.out"),
            (std::vector<Headers>{{{"traceparent", trace}},
                                  {{"own", "1"}, {"traceparent", trace}},
                                  {{"traceparent", "mine"}},
                                  {{"source", "changed"}, {"traceparent", trace}, {"last", "x"}}}));
}

TEST_F(HeadersActor, StayWithADeadLetterAndItsRedrive) {
  bool is_bad = true;
  start([&](const StringValue&, const Context&) -> Outcome<Routed> {
    if (is_bad) return Reject{"bad"};
    return Routed();
  });
  const Headers headers{{"source", "till-7"}};
  send(headers);
  EXPECT_EQ(waiting("test.in.dead"), std::vector<Headers>{headers});
  is_bad = false;
  ASSERT_TRUE(test_->redrive("test.in.dead"));
  test_->run();
  EXPECT_EQ(*seen_, (std::vector<Headers>{headers, headers}));
}

TEST_F(HeadersActor, BeyondTheirBoundsFailTheHandling) {
  start(
      [](const StringValue& message, const Context&) -> Outcome<Routed> {
        return Routed().to(out(), message, {.headers = {{"a blank", "1"}}});
      },
      {.retry = {.attempts = 1}});
  send({});
  ASSERT_EQ(test_->messages("test.in.dead").size(), 1u);
  EXPECT_NE(test_->messages("test.in.dead")[0].envelope.dead_letter().reason().find(
                "headers: expected names of 1 to 128 printable characters"),
            std::string::npos);
}

TEST_F(HeadersActor, ThatDoNotFitBesideThoseOfTheOutputAreLeftOut) {
  start([](const StringValue& message, const Context&) -> Outcome<Routed> {
    return Routed().to(out(), message,
                       {.headers = {{"own", std::string(headers_bytes_max - 103, 'x')}},
                        .inherits_headers = true});
  });
  send({{"large", std::string(100, 'y')}, {"small", "z"}, {"traceparent", trace}});
  ASSERT_EQ(waiting("test.out").size(), 1u);
  const Headers kept = waiting("test.out")[0];
  ASSERT_EQ(kept.size(), 3u);
  EXPECT_EQ(kept[1].name, "traceparent") << "before all others";
  EXPECT_EQ(kept[2].name, "small");
}

TEST(HeaderBounds, AreChecked) {
  const auto error = [](Headers headers) {
    return check_options({.headers = std::move(headers)});
  };
  Headers many;
  for (std::size_t i = 0; i < headers_max; ++i) many.push_back({"h" + std::to_string(i), ""});
  EXPECT_EQ(error(many), "");
  many.push_back({"one more", ""});
  EXPECT_EQ(error(many), "headers: expected at most 32, got 33");
  EXPECT_EQ(error({{"n", std::string(headers_bytes_max - 1, 'x')}}), "");
  EXPECT_EQ(error({{"n", std::string(headers_bytes_max, 'x')}}),
            "headers: expected at most 8192 bytes, got 8193");
  EXPECT_EQ(error({{"a", "1"}, {"b", "2"}, {"a", "3"}}),
            "headers: expected each name once, got a twice");
  EXPECT_EQ(error({{std::string(header_name_bytes_max, 'n'), ""}}), "");
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a\n"), std::string("\xc3\xa4"),
        std::string(header_name_bytes_max + 1, 'n')}) {
    EXPECT_NE(error({{name, ""}}), "") << name;
  }
}

}  // namespace
}  // namespace millrace
