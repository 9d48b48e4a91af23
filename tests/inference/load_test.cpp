// The load is a function of the seed and has the configured rate.
#include "apps/inference/load.hpp"

#include <set>

#include <gtest/gtest.h>

namespace millrace::inference {
namespace {

const Tenant tenant = default_tenants().at(0);

TEST(Load, IsTheSameForTheSameSeed) {
  LoadStream one(tenant, 0, 100, 50, 42);
  LoadStream same(tenant, 0, 100, 50, 42);
  LoadStream other(tenant, 0, 100, 50, 43);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const auto a = one.next();
    const auto b = same.next();
    EXPECT_EQ(a.at, b.at);
    EXPECT_EQ(a.request.SerializeAsString(), b.request.SerializeAsString());
    differs = differs || other.next().at != a.at;
  }
  EXPECT_TRUE(differs);
}

TEST(Load, HasItsRateOnAverage) {
  LoadStream load(tenant, 0, 200, 50, 1);
  std::chrono::microseconds last{0};
  for (int i = 0; i < 10'000; ++i) {
    const auto at = load.next().at;
    EXPECT_GE(at, last);
    last = at;
  }
  EXPECT_NEAR(static_cast<double>(last.count()) / 1e6, 10'000 / 200.0, 2.0);
}

TEST(Load, GivesRequestsOfAllTenantsDistinctIds) {
  std::set<std::uint64_t> ids;
  for (std::uint64_t number = 0; number < 3; ++number) {
    LoadStream load(tenant, number, 100, 50, 42);
    for (int i = 0; i < 100; ++i) ids.insert(load.next().request.id());
  }
  EXPECT_EQ(ids.size(), 300u);
}

TEST(Load, HasAFewPromptsThatAreTooLong) {
  LoadStream load(tenant, 0, 100, 50, 42);
  int too_long = 0;
  for (int i = 0; i < 2'000; ++i) too_long += load.next().request.prompt().size() > 50 ? 1 : 0;
  EXPECT_GE(too_long, 1);
  EXPECT_LE(too_long, 40);
}

TEST(Load, TheSharesOfTheTenantsSumToOne) {
  double shares = 0;
  for (const Tenant& one : default_tenants()) shares += one.share;
  EXPECT_DOUBLE_EQ(shares, 1.0);
}

}  // namespace
}  // namespace millrace::inference
