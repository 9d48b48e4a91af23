// The load: tenants and their streams of requests.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "apps/inference/inference.pb.h"

namespace millrace::inference {

/// A group of callers with the same needs.
struct Tenant {
  std::string name;
  double share;                        ///< of all requests, 0 to 1
  int priority;                        ///< 0 to 9, first
  std::chrono::milliseconds deadline;  ///< of each request, from its creation
};

/// Three tenants: interactive search, chat, and a batch job over documents.
[[nodiscard]] std::vector<Tenant> default_tenants();

/// The requests of one tenant in order of creation: a Poisson process, a pure function of the seed.
class LoadStream {
 public:
  struct Planned {
    std::chrono::microseconds at;  ///< since the start of the load
    Request request;
  };

  /// `number`: of the tenant, 0 to 255, part of the ids. REQUIRES: per_second > 0. One prompt in
  /// 200 is longer than `prompt_max` characters.
  LoadStream(const Tenant& tenant, std::uint64_t number, double per_second, std::size_t prompt_max,
             std::uint64_t seed);

  [[nodiscard]] Planned next();

 private:
  std::string tenant_;
  std::uint64_t id_;
  std::size_t prompt_max_;
  double mean_gap_us_;
  std::mt19937_64 random_;
  double at_us_ = 0;
};

}  // namespace millrace::inference
