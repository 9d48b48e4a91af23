// Promise of the exit status: supervisors do not start a node again that would fail in the same way.
#include "apps/serve/exit_status.hpp"

#include <gtest/gtest.h>

namespace millrace::serve {
namespace {

TEST(ExitStatus, SaysWhetherAStartAgainHelps) {
  for (const ErrorCode code : {ErrorCode::invalid_argument, ErrorCode::outdated,
                               ErrorCode::unsupported_version, ErrorCode::foreign_file}) {
    EXPECT_EQ(exit_status_of(code), 78) << to_string(code);
  }
  EXPECT_EQ(exit_status_of(ErrorCode::fenced), 75);
  for (const ErrorCode code :
       {ErrorCode::storage_failed, ErrorCode::storage_full, ErrorCode::storage_locked,
        ErrorCode::corrupt, ErrorCode::unauthenticated, ErrorCode::unreachable,
        ErrorCode::timeout}) {
    EXPECT_EQ(exit_status_of(code), 1) << to_string(code);
  }
}

}  // namespace
}  // namespace millrace::serve
