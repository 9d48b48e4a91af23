// Promises of a DSN about mistakes that no server can mend: they are told at once, without a server, and a server that
// cannot be found or reached is none of them.
#include "actors/postgres_log/session/dsn.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "actors/base/temporary_directory.hpp"

namespace millrace::postgres_log {
namespace {

// The message that refuses the text.
std::string refusal(const std::string& text) {
  const auto dsn = Dsn::parse(text);
  if (dsn) return "accepted";
  EXPECT_EQ(dsn.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(dsn.error().message.find('\n'), std::string::npos) << dsn.error().message;
  return dsn.error().message;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(DsnMistakes, OfValuesAreToldWithoutThem) {
  for (const std::string key : {"sslmode", "channel_binding", "gssencmode", "tcp_user_timeout",
                                "ssl_min_protocol_version", "keepalives_idle"}) {
    const std::string message = refusal("host=db1 " + key + "=s3cret");
    EXPECT_TRUE(has(message, key)) << message;
    EXPECT_FALSE(has(message, "s3cret")) << message;
  }
  EXPECT_TRUE(has(refusal("service=no-such-service"), "service")) << refusal("service=none");
  EXPECT_TRUE(has(refusal(std::string("host=db1\0user=x", 15)), "NUL"));
}

TEST(DsnMistakes, OfFilesAreToldWhereTheFileIsNeeded) {
  const TemporaryDirectory directory = *TemporaryDirectory::make("dsn-");
  const std::string there = (directory.path() / "there.crt").string();
  std::ofstream(there) << "x";
  const std::string missing = (directory.path() / "missing.crt").string();
  for (const std::string mode : {"verify-ca", "verify-full"}) {
    const std::string message = refusal("host=db1 sslmode=" + mode + " sslrootcert=" + missing);
    EXPECT_TRUE(has(message, "sslrootcert: " + missing)) << message;
    EXPECT_EQ(refusal("host=db1 sslmode=" + mode + " sslrootcert=" + there), "accepted");
    EXPECT_TRUE(
        has(refusal("host=db1 sslmode=" + mode + " sslrootcert=" + directory.path().string()),
            "sslrootcert"))
        << "a directory";
  }
  EXPECT_EQ(refusal("host=db1 sslmode=require sslrootcert=" + missing), "accepted")
      << "libpq does without";
  EXPECT_EQ(refusal("host=db1 sslrootcert=" + missing), "accepted");
  EXPECT_EQ(refusal("host=/run/postgresql sslmode=verify-full sslrootcert=" + missing), "accepted")
      << "there is no TLS on a socket";
  EXPECT_TRUE(
      has(refusal("host=db1 sslmode=require sslkey=" + directory.path().string()), "sslkey"));
}

TEST(DsnMistakes, AreNotThoseOfServersThatAreAway) {
  const auto begun = std::chrono::steady_clock::now();
  for (const std::string text :
       {"host=no-such-host.invalid", "host=127.0.0.1 port=1", "host=/no/such/directory",
        "host=no-such-host.invalid,127.0.0.1 port=1,2 user=x", "postgresql://u:p@db.invalid/x",
        "host=192.0.2.1 connect_timeout=100"}) {
    EXPECT_EQ(refusal(text), "accepted") << text;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5)) << "none is asked";
}

}  // namespace
}  // namespace millrace::postgres_log
