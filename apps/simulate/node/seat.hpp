// Seat: the node that a process of a simulation is, as it says in witness memory.
#pragma once

#include <cstdint>

#include <sys/types.h>
#include <unistd.h>

#include "actors/base/assert.hpp"
#include "actors/base/clock.hpp"
#include "apps/simulate/plan/witness_memory.hpp"

namespace millrace::simulate {

/// `witness` must outlive this object. take() must happen before all other functions, which any thread may
/// call.
class Seat {
 public:
  /// `process`: number of this process.
  Seat(WitnessMemory& witness, std::uint32_t process) : witness_(&witness), process_(process) {}

  /// The process is the node from now on. Called once.
  void take(std::uint32_t node) {
    node_ = node;
    page_ = &witness_->head().node[node];
    // In this order: at each moment one process is the node.
    witness_->head().process[process_].node = node + 1;
    page_->pid = pid_;
    page_->rest_looks = 0;
    page_->is_placed = 0;
    recount(*witness_, node);
    SystemClock::shift_wall_time(page_->clock_offset_us);
  }

  [[nodiscard]] std::uint32_t node() const { return node_; }
  [[nodiscard]] NodePage& page() const {
    MILLRACE_ASSERT(page_ != nullptr);
    return *page_;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Whether no other process has become the node since.
  [[nodiscard]] bool is_held() const { return page().pid == pid_; }

 private:
  WitnessMemory* witness_;
  std::uint32_t process_;
  const pid_t pid_ = ::getpid();
  std::uint32_t node_ = 0;
  NodePage* page_ = nullptr;
};

}  // namespace millrace::simulate
