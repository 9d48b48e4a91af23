// Promise: whatever links, windows and services do, each call ends once, not after its time, and never
// with the answer of another call or of another start. Checked with two cores on a model of a link, from
// seeds; a failure prints the seed.
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "cluster/calls/core/call_core.hpp"
#include "cluster/calls/core/frame_kind.hpp"

namespace millrace::calls {
namespace {

constexpr Limits limits{.message_bytes_max = 2'000,
                        .calls_max = 5,
                        .bytes_max = 4'000,
                        .burst_bytes = 1'500,
                        .burst_us = 3'000};

/// One node with the calls that it has made, and what it serves.
struct Side {
  std::string name;
  std::string peer;
  std::uint64_t starts = 0;
  std::unique_ptr<CallCore> core{};
  std::map<CallNumber, std::pair<std::string, SteadyUs>> open{};  ///< text and deadline
  std::deque<std::pair<Served, std::string>> served{};
  std::deque<transport::Frame> inbox{};  ///< frames that are on the link to it
  bool knows_up = false;                 ///< it was told that the link is up
  bool is_blocked = false;
};

class Exploration {
 public:
  explicit Exploration(std::uint64_t seed) : random_(seed) {
    for (Side* side : {&a_, &b_}) start(*side);
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      Side& side = chance(50) ? a_ : b_;
      step(side, &side == &a_ ? b_ : a_);
      now_us_ += static_cast<SteadyUs>(random_() % 500);
      for (Side* one : {&a_, &b_}) pass_time(*one);
    }
    // All deadlines pass.
    now_us_ += 1'000'000;
    for (Side* one : {&a_, &b_}) {
      pass_time(*one);
      EXPECT_TRUE(one->open.empty()) << one->open.size() << " calls never ended";
      EXPECT_FALSE(one->knows_up && !one->is_blocked && one->core->next_due() &&
                   *one->core->next_due() <= now_us_)
          << "work that is due is not done";
    }
  }

  [[nodiscard]] int answered() const { return answered_; }
  [[nodiscard]] int failed() const { return failed_; }

 private:
  [[nodiscard]] bool chance(std::uint64_t percent) { return random_() % 100 < percent; }

  void start(Side& side) {
    side.core = std::make_unique<CallCore>(side.name, ++side.starts, limits);
    side.open.clear();
    side.served.clear();
  }

  void step(Side& side, Side& other) {
    switch (random_() % 8) {
      case 0:
      case 1:
        return begin(side);
      case 2:
      case 3:
        return receive(side);
      case 4:
      case 5:
        return answer(side);
      case 6:
        side.is_blocked = false;
        return side.core->on_writable(side.peer);
      default:
        if (chance(80)) return;
        is_up_ ? cut(side, other) : connect();
    }
  }

  void connect() {
    is_up_ = true;
    for (Side* side : {&a_, &b_}) {
      side->core->on_up(side->peer, true);
      side->knows_up = true;
    }
  }

  // Frames in flight are lost. Perhaps one node starts anew.
  void cut(Side& side, Side& other) {
    is_up_ = false;
    for (Side* one : {&side, &other}) {
      one->inbox.clear();
      one->knows_up = one->is_blocked = false;
      end(*one, one->core->on_down(one->peer, {ErrorCode::unreachable, "cut"}));
      for (const auto& [number, call] : one->open) ADD_FAILURE() << number << " survived its link";
    }
    if (chance(30)) start(side);
  }

  void begin(Side& side) {
    const std::string text =
        side.name + std::to_string(++texts_) + std::string(random_() % 1'200, 'x');
    const auto wait_us = static_cast<DurationUs>(1 + random_() % 20'000);
    const auto begun = side.core->begin(side.peer, "s", text, wait_us, now_us_);
    if (begun) side.open.emplace(*begun, std::pair(text, now_us_ + wait_us));
    EXPECT_LE(side.open.size(), limits.calls_max);
    EXPECT_TRUE(begun || !is_up_ || begun.error().code == ErrorCode::backlog_full);
  }

  void receive(Side& side) {
    if (side.inbox.empty()) return;
    const transport::Frame frame = std::move(side.inbox.front());
    side.inbox.pop_front();
    if (frame.kind == request_frame) {
      pb::PeerRequest request;
      ASSERT_TRUE(request.ParseFromString(frame.bytes));
      auto taken = side.core->on_request(side.peer, std::move(request));
      ASSERT_TRUE(taken) << taken.error().message;
      if (*taken) side.served.emplace_back((**taken).from, (**taken).request);
      return;
    }
    pb::PeerAnswer answer;
    ASSERT_TRUE(answer.ParseFromString(frame.bytes));
    auto taken = side.core->on_answer(side.peer, std::move(answer));
    ASSERT_TRUE(taken) << taken.error().message;
    std::vector<Ended> ended;
    if (*taken) ended.push_back(**std::move(taken));
    end(side, std::move(ended));
  }

  // Also of links of before, and twice.
  void answer(Side& side) {
    if (side.served.empty()) return;
    const std::size_t at = random_() % side.served.size();
    const auto& [served, text] = side.served[at];
    side.core->answer(served, "re " + text);
    if (chance(80)) side.served.erase(side.served.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void pass_time(Side& side) {
    end(side, side.core->tick(now_us_));
    while (const auto out = side.core->next(now_us_)) {
      ASSERT_FALSE(side.is_blocked);
      const bool has_room = chance(85);
      if (has_room) {
        (&side == &a_ ? b_ : a_).inbox.push_back(std::move(out->frame));
        EXPECT_FALSE(side.core->sent(out->peer, {}));
      } else {
        side.is_blocked = true;
        EXPECT_FALSE(side.core->sent(out->peer, Error{ErrorCode::backlog_full, ""}));
      }
    }
  }

  void end(Side& side, std::vector<Ended> ended) {
    for (Ended& one : ended) {
      const auto call = side.open.find(one.number);
      ASSERT_NE(call, side.open.end()) << "it has ended before";
      if (one.result) {
        EXPECT_EQ(*one.result, "re " + call->second.first);
        EXPECT_GT(call->second.second, now_us_) << "its time was over";
        ++answered_;
      } else {
        ++failed_;
      }
      side.open.erase(call);
    }
  }

  std::mt19937_64 random_;
  Side a_{"a", "b"};
  Side b_{"b", "a"};
  bool is_up_ = false;
  SteadyUs now_us_ = 1;
  int texts_ = 0;
  int answered_ = 0;
  int failed_ = 0;
};

TEST(CallExploration, EndsEachCallOnceWithItsOwnAnswer) {
  int answered = 0;
  int failed = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Exploration exploration(seed);
    exploration.run(1'000);
    if (testing::Test::HasFailure()) return;
    answered += exploration.answered();
    failed += exploration.failed();
  }
  EXPECT_GT(answered, 1'000) << "the model does too little";
  EXPECT_GT(failed, 1'000);
}

}  // namespace
}  // namespace millrace::calls
