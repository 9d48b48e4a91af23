// Promises of a simulation that waits for a server: it says why, once a reason, and not for ever.
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/base/temporary_directory.hpp"
#include "apps/simulate/fleet/node_logs.hpp"

namespace millrace::simulate {
namespace {

class ServerWaits : public testing::Test {
 protected:
  Result<void> await(std::chrono::milliseconds patience) {
    Options options;
    options.dsn = "host=" + directory_.path().string() + " user=x";
    return await_server(options,
                        {.patience = patience,
                         .tell = [this](const std::string& reason) { told_.push_back(reason); },
                         .is_cancelled =
                             [this] {
                               return is_cancelled_;
                             }});
  }

  const TemporaryDirectory directory_ = *TemporaryDirectory::make("wait-");
  std::vector<std::string> told_;
  bool is_cancelled_ = false;
};

TEST_F(ServerWaits, EndsWithTheReason) {
  const auto waited = await(std::chrono::milliseconds(1'000));
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::log_unreachable);
  EXPECT_NE(waited.error().message.find("no server for 1 s: "), std::string::npos);
  ASSERT_EQ(told_.size(), 1u) << "each attempt has the same reason";
  EXPECT_NE(told_[0].find(directory_.path().string()), std::string::npos) << told_[0];
}

TEST_F(ServerWaits, EndsWhenItIsCancelled) {
  is_cancelled_ = true;
  EXPECT_FALSE(await(std::chrono::hours(1)));
}

TEST_F(ServerWaits, DoesNotWaitForAMistakeToPass) {
  Options options;
  options.dsn = "host=db1 sslmode=foo";
  const auto waited = await_server(options, {});
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace millrace::simulate
