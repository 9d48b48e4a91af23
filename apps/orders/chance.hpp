// Chance: a random number generator seeded by a seed, a topic and a subject.
#pragma once

#include <cstdint>
#include <string_view>

#include "messages/hash.hpp"

namespace millrace::orders {

/// SplitMix64 (Steele et al. 2014). The same (seed, topic, subject) gives the same sequence on
/// every machine; results of seeds depend on it. Not thread-safe.
class Chance {
 public:
  Chance(std::uint64_t seed, std::string_view topic, std::string_view subject)
      : state_(seed * 0x9E3779B97F4A7C15u ^ hash_key(topic) ^ hash_key(subject) * 3) {}
  Chance(std::uint64_t seed, std::string_view topic, std::uint64_t subject)
      : state_(seed * 0x9E3779B97F4A7C15u ^ hash_key(topic) ^ subject * 0xD1B54A32D192ED03u) {}

  /// 64 random bits.
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  /// 0 ≤ result < 1.
  double fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  /// 0 ≤ result < `bound`, which is at least 1. The bias of the modulo is below bound / 2^64.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

  /// True at the given rate, 0 to 1.
  bool happens(double rate) { return fraction() < rate; }

 private:
  std::uint64_t state_;
};

}  // namespace millrace::orders
