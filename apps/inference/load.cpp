#include "apps/inference/load.hpp"

#include <cmath>

namespace millrace::inference {
namespace {

// Replaces std::uniform_real_distribution, whose results differ between standard libraries: a seed
// must give the same load everywhere.
double uniform(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1.0p-53;  // [0, 1)
}

}  // namespace

std::vector<Tenant> default_tenants() {
  using namespace std::chrono_literals;
  return {{.name = "search", .share = 0.3, .priority = 8, .deadline = 250ms},
          {.name = "chat", .share = 0.3, .priority = 5, .deadline = 1'000ms},
          {.name = "documents", .share = 0.4, .priority = 2, .deadline = 5'000ms}};
}

LoadStream::LoadStream(const Tenant& tenant, std::uint64_t number, double per_second,
                       std::size_t prompt_max, std::uint64_t seed)
    : tenant_(tenant.name),
      id_(number << 56),
      prompt_max_(prompt_max),
      mean_gap_us_(1e6 / per_second),
      random_(seed ^ (number * 0x9e37'79b9'7f4a'7c15)) {}

LoadStream::Planned LoadStream::next() {
  at_us_ += -std::log(1.0 - uniform(random_)) * mean_gap_us_;
  Planned planned{.at = std::chrono::microseconds(static_cast<std::int64_t>(at_us_)),
                  .request = {}};
  planned.request.set_tenant(tenant_);
  planned.request.set_id(++id_);
  std::string prompt = "question " + std::to_string(random_());
  if (random_() % 200 == 0) prompt.resize(prompt_max_ + 1, '?');
  planned.request.set_prompt(std::move(prompt));
  return planned;
}

}  // namespace millrace::inference
