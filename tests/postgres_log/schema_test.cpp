// Promises about what somebody else does to the tables: a start notices it, whoever opens the log, and says what is
// missing or has changed; and about schemas of version 1, which are brought to version 2 while processes go on.
#include "actors/postgres_log/schema.hpp"

#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/postgres_log/copy_source.hpp"
#include "actors/postgres_log/copy_target.hpp"
#include "actors/postgres_log/engine.hpp"
#include "actors/postgres_log/seat_table.hpp"
#include "tests/postgres_log/servers_fixture.hpp"

namespace millrace::postgres_log {
namespace {

class Tables : public ServersFixture {
 protected:
  Tables() {
    options_.segment_bytes = 64U << 10;
    options_.group_bytes_max = 16U << 10;
  }

  // A log of several segments, all of whose records a start replays; the process has stopped.
  void write_log() {
    auto process = start();
    ASSERT_TRUE(process);
    process->write(30, 10'000);
    await([&] { return process->log->stats().segments_ready == 2; });
    process->log->stop();
  }

  [[nodiscard]] std::vector<int> segments() {
    std::vector<int> numbers;
    const std::string all = admin_.run(
        "select string_agg(n::text, ' ' order by n) from (select"
        " substring(relname from '^segment_1_([0-9]+)$')::int n from pg_class c join"
        " pg_namespace s on s.oid = relnamespace where nspname = '" +
        schema_ + "' and relkind = 'r') t where n is not null");
    std::istringstream text(all);
    for (int number = 0; text >> number;) numbers.push_back(number);
    return numbers;
  }
  [[nodiscard]] std::string table(int segment) const {
    return schema_ + ".segment_1_" + std::to_string(segment);
  }
  void drop(int segment) { admin_.run("drop table " + table(segment)); }

  // What each kind of opening says to a log that is not as it was left.
  std::vector<Error> refusals() {
    std::vector<Error> errors{refused(logs::Opener::writer), refused(logs::Opener::reader)};
    const auto source = PostgresCopySource::open(options_, "elsewhere");
    EXPECT_FALSE(source) << "a copy";
    if (!source) errors.push_back(source.error());
    return errors;
  }

  // Makes of the schema what a program of version 1 would have made.
  void make_version_1() {
    admin_.run("alter table " + schema_ + ".schema_version drop column cluster, drop column id;" +
               "update " + schema_ + ".schema_version set version = 1; drop table " + schema_ +
               ".segments");
  }
};

TEST_F(Tables, OfAnotherClusterAreRefused) {
  options_.cluster = "one";
  write_log();
  options_.cluster = "two";
  std::vector<Error> errors = refusals();
  const auto target = PostgresCopyTarget::open(options_, 1);
  ASSERT_FALSE(target);
  errors.push_back(target.error());
  for (const bool makes : {false, true}) {
    const auto seats = SeatTable::open(options_, makes);
    ASSERT_FALSE(seats);
    errors.push_back(seats.error());
  }
  for (const Error& error : errors) {
    EXPECT_EQ(error.code, ErrorCode::foreign_file);
    EXPECT_NE(error.message.find("\"one\""), std::string::npos) << error.message;
    EXPECT_NE(error.message.find("\"two\""), std::string::npos) << error.message;
  }
  options_.cluster = "one";
  EXPECT_TRUE(start());
}

}  // namespace
}  // namespace millrace::postgres_log
