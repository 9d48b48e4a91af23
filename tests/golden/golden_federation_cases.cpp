#include "messages/federation.pb.h"
#include "tests/golden/golden_cases.hpp"

namespace millrace {
namespace {

void fill(pb::QueueShard& target) {
  target.set_queue("orders.placed");
  target.set_shard(300);
}

void fill(pb::Refusal& refusal) {
  refusal.set_code(21);
  refusal.set_message("no room");
}

template <class Message, class Fill>
GoldenCase with_target(const std::string& name, Fill fill_rest) {
  auto message = std::make_shared<Message>();
  fill(*message->mutable_target());
  fill_rest(*message);
  return {"federation_" + name, message};
}

}  // namespace

std::vector<GoldenCase> golden_federation_cases() {
  return {
      with_target<pb::OutboxAttach>("attach",
                                    [](pb::OutboxAttach& attach) {
                                      attach.set_producer("a/1f/orders.placed/300");
                                      attach.set_epoch(7);
                                      attach.set_base(0x0123456789abcdef);
                                    }),
      with_target<pb::OutboxAttach>("attach_generation",
                                    [](pb::OutboxAttach& attach) {
                                      pb::OutboxGeneration& generation = *attach.add_generation();
                                      generation.set_id(0xfedcba9876543210);
                                      generation.set_after(300);
                                      attach.set_accept_loss(true);
                                    }),
      with_target<pb::OutboxAttached>("attached",
                                      [](pb::OutboxAttached& attached) {
                                        attached.set_last(301);
                                        fill(*attached.mutable_refusal());
                                      }),
      with_target<pb::OutboxOffer>("offer",
                                   [](pb::OutboxOffer& offer) {
                                     offer.set_producer("a/1f/orders.placed/300");
                                     offer.set_epoch(7);
                                     offer.set_first(302);
                                     for (const char* payload : {"one", "two"}) {
                                       pb::Envelope& message = *offer.add_message();
                                       message.set_key("customer-7");
                                       message.set_payload(payload);
                                     }
                                   }),
      with_target<pb::OutboxSettled>("settled",
                                     [](pb::OutboxSettled& settled) {
                                       settled.set_settled(303);
                                       settled.set_taken(304);
                                       fill(*settled.mutable_refusal());
                                     }),
      with_target<pb::OutboxResume>("resume", [](pb::OutboxResume& /*resume*/) {}),
  };
}

}  // namespace millrace
