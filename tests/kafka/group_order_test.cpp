// What holds for groups in whatever order members come, go, die and are silent: from seeds.
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/kafka/group/group_core.hpp"
#include "tests/kafka/group_fixture.hpp"

namespace millrace::kafka {
namespace {

/// A client that mostly follows the protocol.
struct Client {
  std::string id{};
  std::int32_t generation = -1;
  bool is_leader = false;
  std::vector<std::string> members{};
  std::optional<Ticket> join{};
  std::optional<Ticket> sync{};
  std::optional<std::string> assignment{};
};

class AnyOrder : public Groups, public testing::WithParamInterface<std::uint64_t> {};

TEST_P(AnyOrder, KeepsTheGroupWhole) {
  std::mt19937_64 random(GetParam());
  std::vector<Client> clients(5);
  std::map<std::int32_t, std::set<std::string>> leaders;                    // of each generation
  std::map<std::pair<std::int32_t, std::string>, std::string> assignments;  // that members got
  std::set<Ticket> abandoned;
  std::int32_t highest = 0;  // generation that a client was told of
  std::int32_t most = 0;
  const auto look = [&](Client& client) {
    if (client.join && is_answered(*client.join)) {
      const JoinGroupAnswer answer = joined(*client.join);
      client.join.reset();
      if (answer.code == Code::unknown_member_id) client = {};
      if (answer.code != Code::none) return;
      client.id = answer.member;
      client.generation = answer.generation;
      client.is_leader = answer.leader == answer.member;
      client.members.clear();
      for (const auto& member : answer.members) client.members.push_back(member.id);
      client.assignment.reset();
      if (client.is_leader) leaders[answer.generation].insert(client.id);
      EXPECT_EQ(client.is_leader, !answer.members.empty());
      EXPECT_GE(answer.generation, highest);
      highest = answer.generation;
    }
    if (client.sync && is_answered(*client.sync)) {
      const SyncGroupAnswer answer = synced(*client.sync);
      client.sync.reset();
      if (answer.code == Code::unknown_member_id) client = {};
      if (answer.code != Code::none) return;
      client.assignment = answer.assignment;
      const auto [place, is_new] =
          assignments.try_emplace({client.generation, client.id}, answer.assignment);
      EXPECT_EQ(place->second, answer.assignment) << "two assignments in one generation";
    }
  };
  for (int step = 0; step < 3'000; ++step) {
    Client& client = clients[random() % clients.size()];
    look(client);
    switch (random() % 12) {
      case 0:
      case 1:
      case 2:
        if (!client.join && !client.sync) {
          JoinCommand command = join_of(client.id);
          command.protocols = {{"range", std::to_string(random() % 2)}};
          client.join = join(command);
        }
        break;
      case 3:
      case 4:
      case 5:
        if (!client.join && !client.sync && client.generation > 0) {
          std::map<std::string, std::string> assigned;
          if (client.is_leader) {
            for (const std::string& member : client.members) {
              assigned[member] =
                  member + '@' + std::to_string(client.generation) + '/' + std::to_string(step);
            }
          }
          client.sync = sync(client.id, client.generation, assigned);
        }
        break;
      case 6:
        if (!client.join && !client.id.empty()) {
          const Code code = heartbeat(client.id, client.generation);
          if (code == Code::unknown_member_id) client = {};
        }
        break;
      case 7:
        // Nobody commits for a generation that has passed, or before it has its assignment.
        if (!client.id.empty() && commit(client.id, client.generation) == Code::none &&
            client.generation > 0) {
          EXPECT_EQ(core_.describe("g").members.empty(), false);
          EXPECT_EQ(client.generation, highest);
        }
        break;
      case 8:
        if (random() % 8 == 0 && !client.id.empty()) {
          std::ignore = leave(client.id);
          client = {};
        }
        break;
      case 9:
        if (random() % 8 == 0) {  // its connection breaks, and its process with it
          for (const auto& ticket : {client.join, client.sync}) {
            if (!ticket) continue;
            abandon(*ticket);
            abandoned.insert(*ticket);
          }
          client = {};
        }
        break;
      case 10:
        pass(static_cast<DurationUs>(random() % 20) * 100'000);
        break;
      default:
        if (random() % 16 == 0) now_ += static_cast<DurationUs>(random() % 100) * second;
        tick();
    }
    if (core_.size() == 0) {  // the next group of the name begins anew
      for (Client& each : clients) look(each);
      leaders.clear();
      assignments.clear();
      most = std::max(most, std::exchange(highest, 0));
    }
    for (const auto& [generation, ids] : leaders) {
      ASSERT_EQ(ids.size(), 1u) << "two leaders of generation " << generation;
    }
  }
  pass(2 * rebalance + 2 * session);
  for (Ticket ticket = 1; ticket <= last_ticket_; ++ticket) {
    EXPECT_TRUE(is_answered(ticket) || abandoned.contains(ticket)) << "no answer for " << ticket;
  }
  EXPECT_EQ(core_.size(), 0u);
  EXPECT_EQ(core_.bytes(), 0u);
  EXPECT_GT(std::max(most, highest), 10);
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnyOrder, testing::Range<std::uint64_t>(1, 11));

}  // namespace
}  // namespace millrace::kafka
