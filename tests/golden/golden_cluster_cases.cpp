#include "messages/cluster.pb.h"
#include "tests/golden/golden_cases.hpp"

namespace millrace {
namespace {

void fill(pb::NodeId& node) {
  node.set_name("node-a");
  node.set_address("10.0.0.1:7400");
  node.set_incarnation(1'700'000'000'000'000);
}

void fill(pb::Ownership& ownership) {
  ownership.set_owner("node-b");
  ownership.set_epoch(300);
}

void fill(pb::MoveAttempt& attempt) {
  attempt.set_shard(5);
  attempt.set_epoch(301);
  attempt.set_number(1'700'000'000'000'001);
}

void fill(pb::Seal& seal) {
  seal.set_chunks(200);
  seal.set_digest(0x0123456789abcdef);
}

template <class Message, class Fill>
GoldenCase made(const std::string& name, Fill fill_message) {
  auto message = std::make_shared<Message>();
  fill_message(*message);
  return {"cluster_" + name, message};
}

template <class Fill>
GoldenCase step(const std::string& name, Fill fill_step) {
  return made<pb::MoveStep>("move_" + name, [&](pb::MoveStep& message) {
    fill(*message.mutable_attempt());
    fill_step(message);
  });
}

void add_membership(std::vector<GoldenCase>& cases) {
  cases.push_back(made<pb::Heartbeat>("heartbeat", [](pb::Heartbeat& heartbeat) {
    fill(*heartbeat.mutable_from());
    heartbeat.set_state(pb::MEMBER_UP);
    pb::MemberView& view = *heartbeat.add_view();
    view.set_name("node-b");
    view.set_incarnation(7);
    view.set_state(pb::MEMBER_LEAVING);
    view.set_unreachable(true);
  }));
}

void add_placement(std::vector<GoldenCase>& cases) {
  cases.push_back(made<pb::PlacementGossip>("gossip", [](pb::PlacementGossip& gossip) {
    fill(*gossip.mutable_from());
    gossip.set_to_incarnation(7);
    gossip.set_layout(0xfedcba9876543210);
    auto& one = *gossip.add_shard();
    one.set_shard(5);
    fill(*one.mutable_ownership());
  }));
  cases.push_back(made<pb::NotOwner>("not_owner", [](pb::NotOwner& refusal) {
    refusal.set_shard(5);
    fill(*refusal.mutable_ownership());
    refusal.set_address("10.0.0.2:7400");
  }));
  cases.push_back(made<pb::ShardRecord>("shard_record", [](pb::ShardRecord& record) {
    record.set_shard(5);
    fill(*record.mutable_ownership());
    fill(*record.mutable_offered()->mutable_attempt());
    record.mutable_offered()->set_target("node-c");
    fill(*record.mutable_offered()->mutable_seal());
    fill(*record.mutable_refused());
  }));
}

constexpr const char* role = "pay";

// Fields that were added for roles.
void add_roles(std::vector<GoldenCase>& cases) {
  cases.push_back(made<pb::PlacementGossip>("gossip_role", [](pb::PlacementGossip& gossip) {
    auto& one = *gossip.add_shard();
    one.set_shard(5);
    fill(*one.mutable_ownership());
    one.set_role(role);
  }));
  cases.push_back(made<pb::PlacementGossip>("gossip_round", [](pb::PlacementGossip& gossip) {
    gossip.set_round(3);
    gossip.set_seen_round(300);
  }));
  cases.push_back(made<pb::PlacementGossip>("gossip_question", [](pb::PlacementGossip& gossip) {
    gossip.set_question(0xfedcba9876543210);
  }));
  cases.push_back(made<pb::PlacementGossip>("gossip_answer", [](pb::PlacementGossip& gossip) {
    gossip.set_answers(0xfedcba9876543210);
    auto& session = *gossip.add_session();
    session.set_producer("out");
    session.set_last(300);
    session.set_generation(0x0123456789abcdef);
    auto& progress = *gossip.add_progress();
    progress.set_queue("in");
    progress.set_shard(5);
    progress.set_producer("out");
    progress.set_base(300);
    progress.set_began(7);
  }));
  cases.push_back(made<pb::NotOwner>("not_owner_role", [](pb::NotOwner& refusal) {
    refusal.set_shard(5);
    fill(*refusal.mutable_ownership());
    refusal.set_role(role);
  }));
  cases.push_back(made<pb::ShardRecord>("shard_record_role", [](pb::ShardRecord& record) {
    record.set_shard(5);
    fill(*record.mutable_ownership());
    pb::ShardRecord::Offered& offered = *record.mutable_offered();
    fill(*offered.mutable_attempt());
    offered.mutable_attempt()->set_role(role);
    offered.set_target("node-c");
    fill(*offered.mutable_seal());
    pb::Seal::Boundary& boundary = *offered.mutable_seal()->add_boundary();
    boundary.set_queue(3);
    boundary.set_last(1'000);
    record.set_role(role);
  }));
}

void add_boundary(std::vector<GoldenCase>& cases) {
  cases.push_back(made<pb::ShardRecord>("shard_record_duplicates", [](pb::ShardRecord& record) {
    pb::Seal::Boundary& boundary = *record.mutable_offered()->mutable_seal()->add_boundary();
    boundary.set_queue(3);
    boundary.set_duplicates(7);
  }));
}

void add_move(std::vector<GoldenCase>& cases) {
  cases.push_back(step("chunk", [](pb::MoveStep& message) {
    pb::MoveChunk& chunk = *message.mutable_chunk();
    chunk.set_index(3);
    chunk.set_chunks(200);
    chunk.set_checksum(0x0123456789abcdef);
    chunk.set_data("data");
  }));
  cases.push_back(step("chunk_sent_at", [](pb::MoveStep& message) {
    message.mutable_chunk()->set_index(3);
    message.mutable_chunk()->set_sent_at_us(1'700'000'000'000'000);
  }));
  cases.push_back(step("stored", [](pb::MoveStep& message) { message.set_stored(4); }));
  cases.push_back(step("ready", [](pb::MoveStep& message) { message.set_ready(true); }));
  cases.push_back(step("commit", [](pb::MoveStep& message) { fill(*message.mutable_commit()); }));
  cases.push_back(step("cancel", [](pb::MoveStep& message) { message.set_cancel(true); }));
  cases.push_back(step("declined", [](pb::MoveStep& message) {
    message.mutable_declined()->set_code(21);
    message.mutable_declined()->set_reason("no room");
  }));
  cases.push_back(
      step("installed", [](pb::MoveStep& message) { message.set_outcome(pb::MOVE_INSTALLED); }));
  cases.push_back(
      step("refused", [](pb::MoveStep& message) { message.set_outcome(pb::MOVE_REFUSED); }));
}

}  // namespace

std::vector<GoldenCase> golden_cluster_cases() {
  std::vector<GoldenCase> cases;
  add_membership(cases);
  add_placement(cases);
  add_roles(cases);
  add_move(cases);
  add_boundary(cases);
  return cases;
}

}  // namespace millrace
