// Promise: TransportOptions reach the configuration of the actor system.
#include "cluster/transport/net/transport_actor.hpp"

#include <caf/all.hpp>
#include <gtest/gtest.h>

namespace millrace::transport {
namespace {

TEST(TransportActorConfig, BoundsTheReadsOfAConnection) {
  TransportOptions options;
  options.consecutive_reads_max = 9;
  const TransportActorConfig config(options);
  EXPECT_EQ(caf::get_or(config, "middleman.max-consecutive-reads", std::size_t{0}), 9U);
}

}  // namespace
}  // namespace millrace::transport
