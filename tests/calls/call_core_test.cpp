// Promise: each call ends once, with its own answer or with the error that says what is known of it, and
// what waits, is in flight or is served is bounded. Checked on the core, with every frame in hand.
#include "cluster/calls/core/call_core.hpp"

#include <gtest/gtest.h>

#include "cluster/calls/core/frame_kind.hpp"
#include "cluster/transport/links/transport_options.hpp"

namespace millrace::calls {
namespace {

using transport::Frame;

constexpr SteadyUs ms = 1'000;
const Error broken{ErrorCode::unreachable, "broken"};

pb::PeerRequest request(CallNumber number, const std::string& text = "?") {
  pb::PeerRequest made;
  made.set_caller(3);
  made.set_number(number);
  made.set_service("s");
  made.set_request(text);
  return made;
}

pb::PeerAnswer answer(CallNumber number, const std::string& text = "!", std::uint64_t caller = 7) {
  pb::PeerAnswer made;
  made.set_caller(caller);
  made.set_number(number);
  made.set_answer(text);
  return made;
}

pb::PeerAnswer failure(CallNumber number, std::uint32_t code) {
  pb::PeerAnswer made = answer(number);
  made.mutable_error()->set_code(code);
  made.mutable_error()->set_message("no \xff");
  return made;
}

template <class Message>
Message parsed(const Frame& frame) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(frame.bytes));
  return message;
}

ErrorCode code_of(const Frame& frame) {
  return static_cast<ErrorCode>(parsed<pb::PeerAnswer>(frame).error().code());
}

/// Node "a", in its start 7, with links to "b" and "c".
class CallCoreTest : public testing::Test {
 protected:
  CallCoreTest() { up(); }

  void up() {
    core_.on_up("b", true);
    core_.on_up("c", true);
  }
  Result<CallNumber> begin(const std::string& peer = "b", const std::string& text = "?",
                           DurationUs timeout_us = 100 * ms) {
    return core_.begin(peer, "s", text, timeout_us, now_us_);
  }
  ErrorCode refused(const Result<CallNumber>& begun) {
    EXPECT_FALSE(begun);
    return begun ? ErrorCode::rejected : begun.error().code;
  }
  /// Lets the transport take all that may be sent now.
  std::vector<Frame> flush() {
    std::vector<Frame> frames;
    while (const auto out = core_.next(now_us_)) {
      frames.push_back(std::move(out->frame));
      EXPECT_FALSE(core_.sent(out->peer, {}));
    }
    return frames;
  }
  /// As flush(), without the time of bursts in the way.
  std::vector<Frame> flush_all() {
    std::vector<Frame> frames;
    for (;;) {
      std::vector<Frame> more = flush();
      if (more.empty()) return frames;
      for (Frame& frame : more) frames.push_back(std::move(frame));
      now_us_ += limits_.burst_us;
    }
  }
  Served serve(CallNumber number, const std::string& text = "?") {
    auto taken = core_.on_request("b", request(number, text));
    EXPECT_TRUE(taken && *taken);
    return taken && *taken ? (**taken).from : Served{};
  }
  void expect_end(const std::vector<Ended>& ended, CallNumber number, ErrorCode code,
                  const std::string& text) {
    ASSERT_EQ(ended.size(), 1u);
    EXPECT_EQ(ended[0].number, number);
    ASSERT_FALSE(ended[0].result);
    EXPECT_EQ(ended[0].result.error().code, code);
    EXPECT_NE(ended[0].result.error().message.find(text), std::string::npos)
        << ended[0].result.error().message;
  }
  void expect_fault(const Result<std::optional<Ended>>& taken) {
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::protocol);
  }

  Limits limits_{.message_bytes_max = 1'000,
                 .calls_max = 4,
                 .bytes_max = 2'000,
                 .burst_bytes = 500,
                 .burst_us = 10 * ms};
  CallCore core_{"a", 7, limits_};
  SteadyUs now_us_ = 1'000'000;
};

TEST(CallLimits, LeaveRoomInAFrameForTheNameOfAService) {
  pb::PeerRequest largest = request(~CallNumber{0}, std::string(Limits().message_bytes_max, 'x'));
  largest.set_service(std::string(service_name_bytes_max, 's'));
  largest.set_caller(~std::uint64_t{0});
  EXPECT_LE(largest.ByteSizeLong(), transport::TransportOptions().frame_bytes_max);
}

TEST_F(CallCoreTest, EndsEachCallWithItsAnswerInAnyOrder) {
  const auto first = begin("b", "1");
  const auto second = begin("b", "2");
  ASSERT_TRUE(first && second);
  const auto frames = flush();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].kind, request_frame);
  const auto sent = parsed<pb::PeerRequest>(frames[0]);
  EXPECT_EQ(sent.caller(), 7u);
  EXPECT_EQ(sent.number(), *first);
  EXPECT_EQ(sent.service(), "s");
  EXPECT_EQ(sent.request(), "1");
  for (const CallNumber number : {*second, *first}) {
    const auto ended = core_.on_answer("b", answer(number, "to " + std::to_string(number)));
    ASSERT_TRUE(ended && *ended);
    EXPECT_EQ((**ended).number, number);
    EXPECT_EQ(*(**ended).result, "to " + std::to_string(number));
    const auto again = core_.on_answer("b", answer(number));
    EXPECT_TRUE(again && !*again) << "only once";
  }
  EXPECT_FALSE(core_.next_due());
}

TEST_F(CallCoreTest, PassesOnAnEmptyAnswerAndErrorsWithTheirCodes) {
  const auto one = begin();
  const auto two = begin();
  std::ignore = flush();
  const auto empty = core_.on_answer("b", answer(*one, ""));
  ASSERT_TRUE(empty && *empty);
  EXPECT_EQ(*(**empty).result, "");
  const auto failed = core_.on_answer("b", failure(*two, 14));
  ASSERT_TRUE(failed && *failed);
  EXPECT_EQ((**failed).result.error(), (Error{ErrorCode::not_owner, "no \xff"}));
}

TEST_F(CallCoreTest, RefusesWhatCannotBeSent) {
  EXPECT_EQ(refused(core_.begin("b", "", "", 1, 0)), ErrorCode::invalid_argument);
  EXPECT_EQ(refused(core_.begin("b", std::string(257, 's'), "", 1, 0)),
            ErrorCode::invalid_argument);
  EXPECT_EQ(refused(begin("b", std::string(1'001, 'x'))), ErrorCode::too_large);
  EXPECT_EQ(refused(begin("b", "?", 0)), ErrorCode::timeout);
  EXPECT_EQ(refused(begin("d")), ErrorCode::unreachable);
  core_.on_up("d", false);
  EXPECT_EQ(refused(begin("d")), ErrorCode::not_found) << "a version that knows no calls";
  EXPECT_TRUE(flush().empty());
  EXPECT_FALSE(core_.next_due());
  EXPECT_EQ(core_.peers_up(), (std::vector<std::string>{"b", "c", "d"}));
}

TEST_F(CallCoreTest, BoundsTheCallsInFlightForEachPeer) {
  std::vector<CallNumber> numbers;
  for (int i = 0; i < 4; ++i) numbers.push_back(*begin());
  EXPECT_EQ(refused(begin()), ErrorCode::backlog_full);
  std::ignore = flush();
  EXPECT_EQ(refused(begin()), ErrorCode::backlog_full) << "sent is still in flight";
  EXPECT_TRUE(begin("c"));
  EXPECT_TRUE(core_.on_answer("b", answer(numbers[2])));
  EXPECT_TRUE(begin());
  EXPECT_EQ(refused(begin()), ErrorCode::backlog_full);
}

TEST_F(CallCoreTest, BoundsTheBytesThatWait) {
  ASSERT_TRUE(begin("b", std::string(1'000, 'x')));
  ASSERT_TRUE(begin("b", std::string(900, 'x')));
  EXPECT_EQ(refused(begin("b", std::string(200, 'x'))), ErrorCode::backlog_full);
  std::ignore = flush_all();
  EXPECT_TRUE(begin("b", std::string(200, 'x')));
}

TEST_F(CallCoreTest, EndsACallByItsTimeAndDropsTheLateAnswer) {
  const auto sent = begin("b", "?", 20 * ms);
  std::ignore = flush();
  const auto unsent = begin("b", "?", 10 * ms);
  EXPECT_EQ(core_.next_due(), now_us_ + limits_.burst_us) << "may be sent, or ends, then";
  EXPECT_TRUE(core_.tick(now_us_ + 10 * ms - 1).empty());
  expect_end(core_.tick(now_us_ + 10 * ms), *unsent, ErrorCode::timeout, "was not sent");
  EXPECT_TRUE(flush_all().empty()) << "nobody waits for it";
  expect_end(core_.tick(now_us_ + 20 * ms), *sent, ErrorCode::timeout, "no answer of b");
  const auto late = core_.on_answer("b", answer(*sent));
  EXPECT_TRUE(late && !*late);
  EXPECT_FALSE(core_.next_due());
}

TEST_F(CallCoreTest, EndsTheCallsOfALinkThatGoesDown) {
  const auto lost = begin();
  const auto other = begin("c");
  std::ignore = flush();
  expect_end(core_.on_down("b", broken), *lost, ErrorCode::unreachable, "broken");
  EXPECT_EQ(core_.peers_up(), std::vector<std::string>{"c"});
  core_.on_up("b", true);
  const auto late = core_.on_answer("b", answer(*lost));
  EXPECT_TRUE(late && !*late);
  const auto found = core_.on_answer("c", answer(*other));
  EXPECT_TRUE(found && *found);
}

TEST_F(CallCoreTest, DropsAnswersForAnEarlierStart) {
  const auto call = begin();
  std::ignore = flush();
  const auto stale = core_.on_answer("b", answer(*call, "of before", 6));
  EXPECT_TRUE(stale && !*stale);
  const auto own = core_.on_answer("b", answer(*call));
  EXPECT_TRUE(own && *own);
}

TEST_F(CallCoreTest, TakesNoAnswerThatMakesNoSense) {
  const auto call = begin();
  std::ignore = flush();
  expect_fault(core_.on_answer("b", answer(0)));
  expect_fault(core_.on_answer("b", answer(*call + 1)));
  expect_fault(core_.on_answer("c", answer(*call)));
  expect_fault(core_.on_answer("b", failure(*call, 0)));
  expect_fault(core_.on_answer("b", failure(*call, 256)));
  pb::PeerAnswer none = answer(*call);
  none.clear_outcome();
  expect_fault(core_.on_answer("b", std::move(none)));
  const auto large = core_.on_answer("b", answer(*call, std::string(1'001, 'x')));
  ASSERT_TRUE(large && *large);
  EXPECT_EQ((**large).result.error().code, ErrorCode::too_large);
}

TEST_F(CallCoreTest, ServesRequestsWithGrowingNumbersOnly) {
  EXPECT_FALSE(core_.on_request("b", request(0)));
  std::ignore = serve(5);
  for (const CallNumber number : {5, 4}) {
    const auto repeated = core_.on_request("b", request(number));
    ASSERT_FALSE(repeated);
    EXPECT_EQ(repeated.error().code, ErrorCode::protocol);
  }
  std::ignore = core_.on_down("b", broken);
  core_.on_up("b", true);
  std::ignore = serve(1);
}

TEST_F(CallCoreTest, AnswersWhatItServesOnceAndOnItsLinkOnly) {
  const Served first = serve(1);
  const Served second = serve(2);
  core_.answer(second, std::string("two"));
  core_.answer(second, std::string("again"));
  auto frames = flush();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].kind, answer_frame);
  const auto sent = parsed<pb::PeerAnswer>(frames[0]);
  EXPECT_EQ(sent.caller(), 3u);
  EXPECT_EQ(sent.number(), 2u);
  EXPECT_EQ(sent.answer(), "two");
  std::ignore = core_.on_down("b", broken);
  core_.answer(first, std::string("one"));
  core_.on_up("b", true);
  const Served anew = serve(1);
  core_.answer(first, std::string("one"));
  EXPECT_TRUE(flush().empty()) << "the answer belongs to the former link";
  core_.answer(anew, Error{ErrorCode::expired, std::string(5'000, 'x')});
  frames = flush_all();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(code_of(frames[0]), ErrorCode::expired);
  EXPECT_EQ(parsed<pb::PeerAnswer>(frames[0]).error().message().size(), error_text_bytes_max);
}

TEST_F(CallCoreTest, RefusesRequestsBeyondItsBounds) {
  pb::PeerRequest unnamed = request(1);
  unnamed.clear_service();
  EXPECT_TRUE(core_.on_request("b", std::move(unnamed)));
  EXPECT_TRUE(core_.on_request("b", request(2, std::string(1'001, 'x'))));
  const Served large = serve(3, std::string(1'000, 'x'));
  std::ignore = serve(4, std::string(900, 'x'));
  EXPECT_TRUE(core_.on_request("b", request(5, std::string(200, 'x')))) << "bytes";
  std::ignore = serve(6);
  std::ignore = serve(7);
  EXPECT_TRUE(core_.on_request("b", request(8))) << "number";
  std::vector<ErrorCode> codes;
  for (const Frame& frame : flush_all()) codes.push_back(code_of(frame));
  EXPECT_EQ(codes, (std::vector{ErrorCode::invalid_argument, ErrorCode::too_large,
                                ErrorCode::backlog_full, ErrorCode::backlog_full}));
  core_.answer(large, std::string());
  std::ignore = serve(9, std::string(1'000, 'x'));
}

TEST_F(CallCoreTest, KeepsNoMoreRefusalsThanAPeerMayReasonablyGet) {
  for (CallNumber i = 1; i <= 4; ++i) std::ignore = serve(i);
  for (CallNumber i = 5; i <= 1'000; ++i) EXPECT_TRUE(core_.on_request("b", request(i)));
  EXPECT_EQ(flush_all().size(), 16u);
}

TEST_F(CallCoreTest, AnswersWithAnErrorWhatIsTooLargeToSend) {
  const Served one = serve(1);
  const Served two = serve(2);
  const Served three = serve(3);
  core_.answer(one, std::string(1'001, 'x'));
  core_.answer(two, std::string(1'000, 'x'));
  core_.answer(three, std::string(1'000, 'x'));
  const auto frames = flush_all();
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(code_of(frames[0]), ErrorCode::too_large);
  EXPECT_EQ(parsed<pb::PeerAnswer>(frames[1]).answer().size(), 1'000u);
  EXPECT_EQ(code_of(frames[2]), ErrorCode::backlog_full) << "the bytes that wait are bounded";
}

TEST_F(CallCoreTest, SendsALimitedBurstAndTheRestLater) {
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(begin("b", std::string(200, 'x')));
  EXPECT_EQ(flush().size(), 2u);
  EXPECT_EQ(core_.next_due(), now_us_ + limits_.burst_us);
  now_us_ += limits_.burst_us - 1;
  EXPECT_TRUE(flush().empty());
  ASSERT_TRUE(begin("c")) << "another link";
  EXPECT_EQ(flush().size(), 1u);
  now_us_ += 1;
  EXPECT_EQ(flush().size(), 2u);
  now_us_ += limits_.burst_us;
  const Served served = serve(1);
  core_.answer(served, std::string(900, 'x'));
  EXPECT_EQ(flush().size(), 1u) << "one larger frame may go alone";
}

TEST_F(CallCoreTest, WaitsForRoomInTheWindowAndKeepsTheOrder) {
  const auto first = begin("b", "1");
  ASSERT_TRUE(begin("b", "2"));
  const auto out = core_.next(now_us_);
  ASSERT_TRUE(out);
  EXPECT_FALSE(core_.sent("b", Error{ErrorCode::backlog_full, ""}));
  EXPECT_FALSE(core_.next(now_us_ + limits_.burst_us));
  EXPECT_EQ(core_.next_due(), now_us_ + 100 * ms) << "only the calls' own time is left";
  core_.on_writable("b");
  const auto frames = flush();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(parsed<pb::PeerRequest>(frames[0]).number(), *first);
}

TEST_F(CallCoreTest, EndsACallThatTheTransportRefuses) {
  for (const ErrorCode code :
       {ErrorCode::unreachable, ErrorCode::draining, ErrorCode::too_large, ErrorCode::not_found}) {
    const auto call = begin();
    ASSERT_TRUE(core_.next(now_us_));
    const auto ended = core_.sent("b", Error{code, "refused"});
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->number, *call);
    EXPECT_EQ(ended->result.error().code, code);
  }
  EXPECT_FALSE(core_.next_due());
}

TEST_F(CallCoreTest, SaysThatTheTransportRefusesALargeAnswer) {
  core_.answer(serve(1), std::string(800, 'x'));
  ASSERT_TRUE(core_.next(now_us_));
  EXPECT_FALSE(core_.sent("b", Error{ErrorCode::too_large, "a smaller frame"}));
  const auto out = core_.next(now_us_);
  ASSERT_TRUE(out);
  EXPECT_EQ(code_of(out->frame), ErrorCode::too_large);
  EXPECT_FALSE(core_.sent("b", Error{ErrorCode::too_large, "an even smaller frame"}));
  EXPECT_FALSE(core_.next(now_us_));
}

TEST_F(CallCoreTest, EndsAllWhenTheNodeStops) {
  const auto sent = begin();
  std::ignore = flush();
  const auto unsent = begin("c");
  const auto own = begin("a");
  const Served served = serve(1);
  const auto ended = core_.stop();
  ASSERT_EQ(ended.size(), 3u);
  for (const Ended& one : ended) EXPECT_EQ(one.result.error().code, ErrorCode::draining);
  EXPECT_EQ(std::set({ended[0].number, ended[1].number, ended[2].number}),
            std::set({*sent, *unsent, *own}));
  EXPECT_EQ(refused(begin()), ErrorCode::draining);
  EXPECT_FALSE(core_.end_own(*own, std::string()));
  EXPECT_TRUE(core_.on_request("b", request(2)));
  core_.answer(served, std::string("done"));
  now_us_ += limits_.burst_us;
  const auto frames = flush();
  ASSERT_EQ(frames.size(), 2u) << "the request to c is not among them";
  EXPECT_EQ(code_of(frames[0]), ErrorCode::draining);
  EXPECT_EQ(parsed<pb::PeerAnswer>(frames[1]).answer(), "done");
}

TEST_F(CallCoreTest, CountsCallsToItsOwnNode) {
  const auto call = begin("a");
  ASSERT_TRUE(call);
  EXPECT_TRUE(flush().empty());
  EXPECT_EQ(core_.peers_up(), (std::vector<std::string>{"b", "c"}));
  const auto ended = core_.end_own(*call, std::string(1'001, 'x'));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->result.error().code, ErrorCode::too_large);
  EXPECT_FALSE(core_.end_own(*call, std::string()));
  const auto late = begin("a");
  expect_end(core_.tick(now_us_ + 100 * ms), *late, ErrorCode::timeout, "no answer of a");
}

}  // namespace
}  // namespace millrace::calls
