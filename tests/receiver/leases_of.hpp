// Leases for tests of what a receiver does with them.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "actors/receiver/leases.hpp"

namespace millrace::receivers::test {

/// A batch of `count` leases of one message each, numbered from `first`, that end at `until_us`. The
/// leases in `lost` were lost before without a failure.
inline std::vector<WaitingLeases> leases_of(queues::LeaseId first, std::size_t count,
                                            SteadyUs until_us = 1'000'000,
                                            const std::vector<queues::LeaseId>& lost = {}) {
  auto grants = std::make_shared<std::vector<queues::Grant>>();
  for (std::size_t i = 0; i < count; ++i) {
    queues::Grant& grant = grants->emplace_back();
    grant.lease = first + i;
    grant.deadline_us = until_us;
    grant.messages.resize(1);
    grant.messages.front().acquired = 1;
    for (const queues::LeaseId id : lost) {
      if (id == grant.lease) grant.messages.front().acquired = 2;
    }
  }
  std::vector<WaitingLeases> waiting;
  append_waiting(std::make_shared<const GrantBatch>(
                     GrantBatch{std::make_shared<const Source>(), std::move(grants)}),
                 0, waiting);
  return waiting;
}

/// Their numbers, in order.
inline std::vector<queues::LeaseId> ids(const std::vector<WaitingLeases>& waiting) {
  std::vector<queues::LeaseId> out;
  for (const WaitingLeases& leases : waiting) {
    for (std::size_t i = 0; i < leases.count; ++i) {
      out.push_back((*leases.batch->grants)[leases.first + i].lease);
    }
  }
  return out;
}

}  // namespace millrace::receivers::test
