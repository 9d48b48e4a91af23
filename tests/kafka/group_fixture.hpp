// Groups: a coordinator of groups on virtual time, with the answers that it gave.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/kafka/group/group_core.hpp"

namespace millrace::kafka {

inline constexpr DurationUs second = 1'000'000;
inline constexpr DurationUs session = 10 * second;
inline constexpr DurationUs rebalance = 60 * second;

/// A coordinator with its time and the answers that it gave.
class Groups : public testing::Test {
 protected:
  JoinCommand join_of(const std::string& member) {
    return {.group = "g",
            .member = member,
            .client_id = "c",
            .client_host = "h",
            .session_us = session,
            .rebalance_us = rebalance,
            .protocol_type = "consumer",
            .protocols = {{"range", "topics of " + member}},
            .new_id = "m" + std::to_string(++last_id_)};
  }
  Ticket join(JoinCommand command) {
    GroupAnswers answers;
    core_.join(std::move(command), ++last_ticket_, now_, answers);
    take(answers);
    return last_ticket_;
  }
  Ticket join(const std::string& member = "") { return join(join_of(member)); }
  Ticket sync(const std::string& member, std::int32_t generation,
              std::map<std::string, std::string> assignments = {}) {
    GroupAnswers answers;
    core_.sync({.group = "g",
                .member = member,
                .generation = generation,
                .assignments = std::move(assignments)},
               ++last_ticket_, now_, answers);
    take(answers);
    return last_ticket_;
  }
  Code heartbeat(const std::string& member, std::int32_t generation) {
    return core_.heartbeat({"g", member, std::nullopt, generation}, now_);
  }
  Code commit(const std::string& member, std::int32_t generation) {
    return core_.check_commit({"g", member, std::nullopt, generation}, now_);
  }
  Code leave(const std::string& member) {
    GroupAnswers answers;
    const Code code = core_.leave("g", member, now_, answers);
    take(answers);
    return code;
  }
  void abandon(Ticket ticket) {
    GroupAnswers answers;
    core_.abandon(ticket, now_, answers);
    take(answers);
  }
  /// Lets time pass in ticks of 100 ms; members of `alive` send heartbeats every second.
  void pass(DurationUs time, const std::vector<std::pair<std::string, std::int32_t>>& alive = {}) {
    for (const SteadyUs end = now_ + time; now_ < end;) {
      now_ += 100'000;
      if (now_ % second == 0) {
        for (const auto& [member, generation] : alive) std::ignore = heartbeat(member, generation);
      }
      tick();
    }
  }
  void tick() {
    GroupAnswers answers;
    core_.tick(now_, answers);
    take(answers);
  }
  void take(const GroupAnswers& answers) {
    for (const GroupAnswer& each : answers) {
      EXPECT_FALSE(answers_.contains(each.ticket)) << "answered twice";
      answers_[each.ticket] = each.content;
    }
  }
  bool is_answered(Ticket ticket) const { return answers_.contains(ticket); }
  JoinGroupAnswer joined(Ticket ticket) {
    const auto found = answers_.find(ticket);
    if (found == answers_.end()) {
      ADD_FAILURE() << "join is not answered";
      return {};
    }
    return std::get<JoinGroupAnswer>(found->second);
  }
  SyncGroupAnswer synced(Ticket ticket) {
    const auto found = answers_.find(ticket);
    if (found == answers_.end()) {
      ADD_FAILURE() << "sync is not answered";
      return {};
    }
    return std::get<SyncGroupAnswer>(found->second);
  }
  std::string state() { return core_.describe("g").state; }

  /// Two members in generation 1, m1 the leader, both with their assignments.
  void make_stable_pair() {
    last_id_ = 0;
    const Ticket first = join();
    const Ticket second_ticket = join();
    pass(second);
    ASSERT_EQ(joined(first).generation, 1);
    ASSERT_EQ(joined(second_ticket).generation, 1);
    ASSERT_EQ(joined(first).leader, "m1");
    sync("m2", 1);
    sync("m1", 1, {{"m1", "a1"}, {"m2", "a2"}});
    ASSERT_EQ(state(), "Stable");
  }

  GroupCore core_{GroupLimits{}};
  SteadyUs now_ = 1'000 * second;
  std::uint64_t last_id_ = 0;
  Ticket last_ticket_ = 0;
  std::map<Ticket, std::variant<JoinGroupAnswer, SyncGroupAnswer>> answers_{};
};

}  // namespace millrace::kafka
