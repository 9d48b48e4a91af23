#include <cstdint>

#include "messages/calls.pb.h"
#include "messages/record.pb.h"
#include "messages/snapshot.pb.h"
#include "tests/golden/golden_cases.hpp"

namespace millrace {
namespace {

constexpr std::int64_t paused_us = 1'700'000'000'000'000;

template <class Fill>
GoldenCase control_change(const std::string& name, Fill fill) {
  auto record = std::make_shared<pb::Record>();
  record->set_at_us(paused_us);
  pb::Change& change = *record->add_change();
  change.set_queue(3);
  fill(change);
  return {"record_" + name, record};
}

void fill(pb::PauseChange& change) {
  change.set_key("customer-7");
  pb::Pause& pause = *change.mutable_pause();
  pause.set_since_us(paused_us);
  pause.set_until_us(paused_us + 600'000'000);
  pause.set_for_us(600'000'000);
  pause.set_reason("the provider is down");
  pause.set_by("ann");
}

void fill(pb::QueueDefinition& definition) {
  definition.set_name("clicks");
  definition.set_type("millrace.Json");
  definition.set_key("/user");
  definition.set_lease_us(60'000'000);
  definition.set_attempts(10);
  definition.set_retry_first_us(100'000);
  definition.set_retry_max_us(60'000'000);
}

GoldenCase defined() {
  auto record = std::make_shared<pb::Record>();
  record->set_at_us(paused_us);
  fill(*record->add_declare()->mutable_definition());
  return {"record_declare_defined", record};
}

GoldenCase definitions() {
  auto told = std::make_shared<pb::QueueDefinitions>();
  fill(*told->add_definition());
  return {"queue_definitions", told};
}

GoldenCase control_head() {
  auto part = std::make_shared<pb::SnapshotPart>();
  fill(*part->mutable_head()->add_pause());
  part->mutable_head()->mutable_breaker()->set_open_since_us(paused_us);
  return {"snapshot_head_control", part};
}

}  // namespace

std::vector<GoldenCase> golden_control_cases() {
  return {
      control_change("pause", [](pb::Change& change) { fill(*change.add_pause()); }),
      control_change("append_header",
                     [](pb::Change& change) {
                       pb::Header& header = *change.add_append()->add_header();
                       header.set_name("source");
                       header.set_value("till-7");
                     }),
      control_change("resume", [](pb::Change& change) { change.add_pause()->set_resume(true); }),
      control_change(
          "breaker",
          [](pb::Change& change) { change.mutable_breaker()->set_open_since_us(paused_us); }),
      control_head(),
      defined(),
      definitions(),
  };
}

}  // namespace millrace
