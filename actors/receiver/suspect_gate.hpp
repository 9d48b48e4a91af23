// SuspectGate: lets one suspect of a node be handled at a time, over all its stages, so that a death
// of the process says whose it is.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "actors/base/shell/actor_handle.hpp"

namespace millrace::receivers {

/// Thread-safe.
class SuspectGate : public std::enable_shared_from_this<SuspectGate> {
 public:
  /// The right to handle a suspect; ends with release() or with its last reference.
  class Permit {
   public:
    ~Permit() { release(); }
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    void release();

   private:
    friend class SuspectGate;
    Permit(std::shared_ptr<SuspectGate> gate, std::uint64_t number)
        : gate_(std::move(gate)), number_(number) {}
    const std::shared_ptr<SuspectGate> gate_;
    const std::uint64_t number_;
  };

  /// Returns null if another suspect is being handled; then `receiver` gets an IdleMessage when that
  /// has ended. REQUIRES: a shared_ptr owns this object.
  [[nodiscard]] std::shared_ptr<Permit> try_enter(const AnyActor& receiver);

 private:
  void leave(std::uint64_t number);

  std::mutex mutex_;            ///< guards all below
  std::uint64_t holder_ = 0;    ///< number of the permit that is held; 0: none
  std::uint64_t last_ = 0;      ///< number of the last permit
  std::vector<AnyActor> wait_;  ///< receivers that found the gate closed, each once
};

}  // namespace millrace::receivers
