#include "tests/golden/golden_cases.hpp"

#include "messages/record.pb.h"
#include "messages/snapshot.pb.h"

namespace millrace {
namespace {

constexpr std::int64_t noon_us = 1'700'000'000'000'000;
constexpr std::uint64_t generation = 0xfedcba9876543210;

void fill(pb::Envelope& envelope) {
  envelope.set_id_high(0x0123456789abcdef);
  envelope.set_id_low(0xfedcba9876543210);
  envelope.set_key("customer-7");
  envelope.set_payload(std::string("\x08\x96\x01\x00", 4));
  envelope.set_urgency(-4);
  envelope.set_not_before_us(noon_us + 1);
  envelope.set_expires_at_us(noon_us + 2);
  envelope.set_idempotency_key("order-7");
  envelope.set_born_at_us(noon_us);
}

void fill(pb::DeadLetter& letter) {
  letter.set_origin_queue("orders.placed");
  letter.set_origin_sequence(300);
  letter.set_code(24);
  letter.set_reason("no such SKU");
  letter.set_failed(6);
  letter.set_acquired(7);
  letter.set_first_failed_at_us(noon_us + 3);
  letter.set_last_failed_at_us(noon_us + 4);
}

void fill(pb::Declaration& declaration) {
  declaration.set_number(3);
  declaration.set_name("orders.placed");
  declaration.set_shard(5);
  declaration.set_type("orders.OrderPlaced");
}

void fill(pb::TimerSet& timer) {
  timer.set_key("customer-7");
  timer.set_name("no answer");
  timer.set_due_us(noon_us + 5);
  fill(*timer.mutable_envelope());
}

// A record with one change, which `fill_change` fills.
template <class FillChange>
GoldenCase change(const std::string& name, FillChange fill_change) {
  auto record = std::make_shared<pb::Record>();
  record->set_at_us(noon_us);
  pb::Change& only = *record->add_change();
  only.set_queue(3);
  fill_change(only);
  return {"record_" + name, record};
}

void add_records(std::vector<GoldenCase>& cases) {
  auto declares = std::make_shared<pb::Record>();
  declares->set_at_us(noon_us);
  fill(*declares->add_declare());
  cases.push_back({"record_declare", declares});
  cases.push_back(change("attach", [](pb::Change& c) {
    pb::Attach& attach = *c.add_attach();
    attach.set_producer("shop-1");
    attach.set_epoch(2);
  }));
  cases.push_back(change("produced", [](pb::Change& c) {
    pb::Produced& produced = *c.add_produced();
    produced.set_producer("shop-1");
    produced.set_epoch(2);
    produced.set_first(1'000);
    produced.set_count(3);
    produced.add_duplicate(1'001);
    produced.add_duplicate(1'002);
  }));
  cases.push_back(change("append", [](pb::Change& c) { fill(*c.add_append()); }));
  cases.push_back(change("append_dead_letter",
                         [](pb::Change& c) { fill(*c.add_append()->mutable_dead_letter()); }));
  cases.push_back(change("ack", [](pb::Change& c) {
    c.add_ack(1);
    c.add_ack(300);
  }));
  cases.push_back(change("drop", [](pb::Change& c) { c.add_drop(300); }));
  cases.push_back(
      change("forget_producer", [](pb::Change& c) { c.add_forget_producer("shop-1"); }));
  cases.push_back(change("forget_key", [](pb::Change& c) {
    pb::KeyForgotten& forgotten = *c.add_forget_key();
    forgotten.set_key("customer-7");
    forgotten.set_history_only(true);
  }));
}

void add_removals(std::vector<GoldenCase>& cases) {
  auto declares = std::make_shared<pb::Record>();
  fill(*declares->add_declare());
  declares->mutable_declare(0)->set_dead_letters(true);
  cases.push_back({"record_declare_dead_letters", declares});

  auto with_state = std::make_shared<pb::Record>();
  fill(*with_state->add_declare());
  with_state->mutable_declare(0)->set_state_type("orders.Stock");
  cases.push_back({"record_declare_state_type", with_state});

  auto anew = std::make_shared<pb::Record>();
  anew->set_at_us(noon_us);
  fill(*anew->add_declare());
  anew->mutable_declare(0)->set_began_anew(true);
  cases.push_back({"record_declare_began_anew", anew});

  auto with_schema = std::make_shared<pb::Record>();
  fill(*with_schema->add_declare());
  pb::Declaration& renamed = *with_schema->mutable_declare(0);
  renamed.set_was("orders.new");
  for (pb::Schema* const schema : {renamed.mutable_schema(), renamed.mutable_state_schema()}) {
    pb::Schema::Message& type = *schema->add_message();
    type.set_name("orders.OrderPlaced");
    pb::Schema::Field& field = *type.add_field();
    field.set_number(7);
    field.set_name("line");
    field.set_type(11);
    field.set_label(pb::Schema::REPEATED);
    field.set_message("orders.Line");
  }
  cases.push_back({"record_declare_schema", with_schema});

  auto outbox = std::make_shared<pb::Record>();
  fill(*outbox->add_declare());
  outbox->mutable_declare(0)->set_shards(16);
  outbox->mutable_declare(0)->mutable_outbox()->set_producer("a/1f/orders.placed/5");
  cases.push_back({"record_declare_outbox", outbox});
  cases.push_back(change("attach_base", [](pb::Change& c) {
    pb::Attach& attach = *c.add_attach();
    attach.set_producer("a/1f/orders.placed/5");
    attach.set_epoch(1);
    attach.set_base(300);
  }));
  cases.push_back(change("reply_to", [](pb::Change& c) { c.add_append()->set_reply_to("a1-7"); }));
  cases.push_back(change("redriven", [](pb::Change& c) {
    c.add_append()->set_redriven(2);
    c.add_drop(300);
  }));
}

void add_generations(std::vector<GoldenCase>& cases) {
  auto begins = std::make_shared<pb::Record>();
  begins->set_at_us(noon_us);
  begins->set_generation(generation);
  cases.push_back({"record_generation", begins});
  cases.push_back(change("attach_generation", [](pb::Change& c) {
    pb::Attach& attach = *c.add_attach();
    attach.set_producer("a/1f/orders.placed/5");
    attach.set_epoch(1);
    attach.set_base(300);
    attach.set_generation(generation);
    attach.set_rebase(true);
  }));
  cases.push_back(change("hand_over_generation", [](pb::Change& c) {
    c.mutable_become_outbox()->set_up_to(300);
    c.mutable_become_outbox()->set_generation(generation);
  }));
  auto head = std::make_shared<pb::SnapshotPart>();
  pb::OutboxGeneration& known = *head->mutable_head()->add_generation();
  known.set_id(generation);
  known.set_after(300);
  cases.push_back({"snapshot_head_generation", head});
  auto producers = std::make_shared<pb::SnapshotPart>();
  pb::Producers::Producer& producer = *producers->mutable_producers()->add_producer();
  producer.set_name("a/1f/orders.placed/5");
  producer.set_generation(generation);
  cases.push_back({"snapshot_producers_generation", producers});
}

void add_outcomes(std::vector<GoldenCase>& cases) {
  cases.push_back(change("failure", [](pb::Change& c) {
    pb::Failure& failure = *c.add_failure();
    failure.set_sequence(300);
    failure.set_failed(2);
    failure.set_acquired(3);
    failure.set_not_before_us(noon_us + 6);
    failure.set_code(24);
    failure.set_reason("gateway said no");
  }));
  cases.push_back(change("failure_overran", [](pb::Change& c) {
    pb::Failure& failure = *c.add_failure();
    failure.set_sequence(300);
    failure.set_failed(2);
    failure.set_acquired(3);
    failure.set_not_before_us(noon_us + 6);
    failure.set_code(26);
    failure.set_reason("its handler ran beyond the lease");
    failure.set_overran(2);
  }));
  cases.push_back(change("failure_postponed", [](pb::Change& c) {
    pb::Failure& failure = *c.add_failure();
    failure.set_sequence(300);
    failure.set_failed(2);
    failure.set_acquired(2);
    failure.set_not_before_us(noon_us + 6);
    failure.set_code(23);
    failure.set_reason("429");
    failure.set_postponed(true);
  }));
  const auto suspected = std::make_shared<pb::Record>();
  suspected->set_at_us(noon_us);
  pb::Suspect& suspect = *suspected->add_suspect();
  suspect.set_queue(3);
  suspect.set_sequence(300);
  suspect.set_deaths(3);
  suspect.set_own_deaths(2);
  suspect.set_runs_alone(true);
  cases.push_back({"record_suspect", suspected});
  cases.push_back(change("death", [](pb::Change& c) {
    pb::Death& death = *c.add_death();
    death.set_sequence(300);
    death.set_code(5);
  }));
  cases.push_back(change("state_value", [](pb::Change& c) {
    pb::StateChange& state = *c.add_state();
    state.set_key("customer-7");
    state.set_value("state");
    pb::HistoryEntry& entry = *state.add_history();
    entry.set_input(300);
    entry.set_at_us(noon_us);
    entry.set_value("paid");
  }));
  cases.push_back(change("state_erase", [](pb::Change& c) {
    c.add_state()->set_key("customer-7");
    c.mutable_state(0)->set_erase(true);
  }));
  cases.push_back(change("timer_clear", [](pb::Change& c) {
    pb::TimerRef& timer = *c.add_timer_clear();
    timer.set_key("customer-7");
    timer.set_name("no answer");
  }));
  cases.push_back(change("timer_set", [](pb::Change& c) { fill(*c.add_timer_set()); }));
  cases.push_back(change("durations", [](pb::Change& c) {
    c.add_append()->set_delay_us(20'000);
    c.add_timer_set()->set_after_us(30'000);
    c.set_stepped_us(3'600'000'000);
  }));
  cases.push_back(change("idempotency_bounds", [](pb::Change& c) {
    c.set_idempotency_window_us(600'000'000);
    c.set_idempotency_keys_max(1'000);
  }));
  cases.push_back(change("move", [](pb::Change& c) {
    pb::Relocation& move = *c.add_relocation();
    move.set_sequence(300);
    fill(*move.mutable_envelope());
  }));
}

void fill(pb::ShardRecord& shard) {
  shard.set_shard(5);
  shard.set_role("pay");
  shard.mutable_ownership()->set_owner("node-b");
  shard.mutable_ownership()->set_epoch(300);
}

void fill(pb::Install& install) {
  pb::SnapshotPart part;
  part.mutable_head()->set_last(1'000);
  install.set_part(part.SerializeAsString());
  fill(*install.add_body());
}

// Records and chunks of a shard that moves.
void add_moves(std::vector<GoldenCase>& cases) {
  auto ownership = std::make_shared<pb::Record>();
  ownership->set_at_us(noon_us);
  fill(*ownership->add_shard());
  ownership->add_retire(3);
  ownership->add_retire(300);
  cases.push_back({"record_shard", ownership});
  auto staged = std::make_shared<pb::Record>();
  fill(*staged->add_declare());
  staged->mutable_declare(0)->set_staged(true);
  cases.push_back({"record_declare_staged", staged});
  cases.push_back(change("install", [](pb::Change& c) { fill(*c.mutable_install()); }));
  cases.push_back(change("hand_over_duplicates", [](pb::Change& c) {
    c.mutable_become_outbox()->set_up_to(300);
    c.mutable_become_outbox()->set_duplicates(7);
  }));
  cases.push_back(change("hand_over", [](pb::Change& c) {
    pb::BecomeOutbox& become_outbox = *c.mutable_become_outbox();
    become_outbox.set_up_to(300);
    fill(*become_outbox.mutable_as());
    become_outbox.mutable_as()->mutable_outbox()->set_producer("a/1f/orders.placed/5");
  }));
  auto chunk = std::make_shared<pb::ShardChunk>();
  fill(*chunk->mutable_queue());
  fill(*chunk->mutable_install());
  cases.push_back({"shard_chunk", chunk});
}

GoldenCase snapshot_shard() {
  auto part = std::make_shared<pb::SnapshotPart>();
  fill(*part->mutable_shard());
  return {"snapshot_shard", part};
}

GoldenCase snapshot_head() {
  auto part = std::make_shared<pb::SnapshotPart>();
  pb::QueueHead& head = *part->mutable_head();
  fill(*head.mutable_declaration());
  head.set_last(1'000);
  head.set_offered(1'000);
  head.set_acked(900);
  head.set_dead(8);
  head.set_dropped(2);
  head.set_duplicates(5);
  head.set_redelivered(40);
  head.set_at_us(noon_us);
  return {"snapshot_head", part};
}

GoldenCase snapshot_messages() {
  auto part = std::make_shared<pb::SnapshotPart>();
  pb::MessageColumns& columns = *part->mutable_messages();
  for (const std::uint32_t i : {0u, 1u}) {
    columns.add_sequence_step(300 - i * 299);
    columns.add_place_step((std::int64_t{7} << 32) - i * (std::int64_t{7} << 32) - i * 64);
    columns.add_index(i << 31);  // a moved message has an index other than 0
    columns.add_bytes(200 + i);
    columns.add_flags(i == 0 ? 4 : 9 | 1u << 4 | 1u << 5);
  }
  columns.add_key_hash(0x0123456789abcdef);
  pb::MessageColumns::Extra& extra = *columns.add_extra();
  extra.set_failed(2);
  extra.set_acquired(3);
  extra.set_not_before_us(noon_us + 1);
  extra.set_expires_at_us(noon_us + 2);
  extra.set_first_failed_at_us(noon_us + 3);
  extra.set_last_failed_at_us(noon_us + 4);
  return {"snapshot_messages", part};
}

GoldenCase snapshot_delay() {
  auto part = std::make_shared<pb::SnapshotPart>();
  part->mutable_messages()->add_extra()->set_delay_us(20'000);
  return {"snapshot_delay", part};
}

GoldenCase snapshot_suspect() {
  auto part = std::make_shared<pb::SnapshotPart>();
  pb::MessageColumns::Extra& extra = *part->mutable_messages()->add_extra();
  extra.set_overran(2);
  extra.set_deaths(3);
  extra.set_own_deaths(2);
  extra.set_runs_alone(true);
  return {"snapshot_suspect", part};
}

GoldenCase snapshot_keyed() {
  auto part = std::make_shared<pb::SnapshotPart>();
  pb::KeyedStates::Key& key = *part->mutable_keyed()->add_key();
  key.set_key("customer-7");
  key.set_value("state");
  key.set_history("\x05history");
  fill(*part->mutable_keyed()->add_timer());
  return {"snapshot_keyed", part};
}

GoldenCase snapshot_state_copy() {
  auto part = std::make_shared<pb::SnapshotPart>();
  part->mutable_state_copy()->set_number(300);
  part->mutable_state_copy()->set_id(0x0123'4567'89ab'cdef);
  return {"snapshot_state_copy", part};
}

GoldenCase snapshot_state_copy_file() {
  auto part = std::make_shared<pb::SnapshotPart>();
  part->mutable_state_copy()->set_number(300);
  part->mutable_state_copy()->set_id(0x0123'4567'89ab'cdef);
  pb::StateCopy::File& file = *part->mutable_state_copy()->add_file();
  file.set_name("000012.sst");
  file.set_number(7);
  file.set_bytes(4'096);
  file.set_hash(0xfedc'ba98'7654'3210);
  return {"snapshot_state_copy_file", part};
}

GoldenCase snapshot_head_stored() {
  auto part = std::make_shared<pb::SnapshotPart>();
  part->mutable_head()->set_age_us(20'000);
  part->mutable_head()->set_stored(true);
  return {"snapshot_head_stored", part};
}

GoldenCase snapshot_keyed_continued() {
  auto part = std::make_shared<pb::SnapshotPart>();
  pb::KeyedStates::Key& key = *part->mutable_keyed()->add_key();
  key.set_key("customer-7");
  key.set_history("\x05history");
  key.set_continues(true);
  key.set_age_us(20'000);
  return {"snapshot_keyed_continued", part};
}

GoldenCase snapshot_producers() {
  auto part = std::make_shared<pb::SnapshotPart>();
  pb::Producers::Producer& producer = *part->mutable_producers()->add_producer();
  producer.set_name("shop-1");
  producer.set_epoch(2);
  producer.set_last(1'002);
  producer.set_active_at_us(noon_us);
  pb::Producers::IdempotencyKey& key = *part->mutable_producers()->add_idempotency_key();
  key.set_high(0x0123456789abcdef);
  key.set_low(0xfedcba9876543210);
  key.set_at_us(noon_us);
  return {"snapshot_producers", part};
}

GoldenCase snapshot_producers_payload() {
  auto part = std::make_shared<pb::SnapshotPart>();
  pb::Producers::IdempotencyKey& key = *part->mutable_producers()->add_idempotency_key();
  key.set_high(0x0123456789abcdef);
  key.set_low(0xfedcba9876543210);
  key.set_at_us(noon_us);
  key.set_payload(0x1122334455667788);
  return {"snapshot_producers_payload", part};
}

}  // namespace

std::vector<GoldenCase> golden_cases() {
  std::vector<GoldenCase> cases;
  add_records(cases);
  add_removals(cases);
  add_generations(cases);
  add_outcomes(cases);
  add_moves(cases);
  cases.push_back(snapshot_shard());
  cases.push_back(snapshot_head());
  cases.push_back(snapshot_messages());
  cases.push_back(snapshot_delay());
  cases.push_back(snapshot_suspect());
  cases.push_back(snapshot_keyed());
  cases.push_back(snapshot_keyed_continued());
  cases.push_back(snapshot_head_stored());
  cases.push_back(snapshot_state_copy());
  cases.push_back(snapshot_state_copy_file());
  cases.push_back(snapshot_producers());
  cases.push_back(snapshot_producers_payload());
  return cases;
}

}  // namespace millrace
