#include <cstdint>

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
  };
}

}  // namespace millrace
