// Promise of a log of many segments: it is opened, read and looked at with a few locks of the server, whose
// number is bounded for all sessions together. The test takes nearly all of them.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "actors/postgres_log/copy_source.hpp"
#include "actors/postgres_log/engine.hpp"
#include "tests/log/log_contract.hpp"
#include "tests/postgres_log/server_pair.hpp"

namespace millrace::postgres_log {
namespace {

constexpr int locks_left = 150;
constexpr std::size_t segments = 200;

Options options_of(const ServerPair& servers) {
  Options options;
  options.dsn = ServerPair::dsn(servers.primary_directory()) + " dbname=postgres";
  options.schema = "many_segments";
  options.node = "node";
  options.holder = "test";
  options.segment_bytes = 64U << 10;
  options.group_bytes_max = 64U << 10;
  return options;
}

std::unique_ptr<logs::Process> start(const Options& options) {
  auto process = std::make_unique<logs::Process>();
  process->engine = std::make_shared<PostgresEngine>(options);
  auto opened = process->engine->open(logs::Opener::writer);
  EXPECT_TRUE(opened) << opened.error().message;
  if (!opened) return nullptr;
  auto contents = logs::recover_all(**opened);
  EXPECT_TRUE(contents) << contents.error().message;
  if (!contents) return nullptr;
  process->contents = *std::move(contents);
  auto log = (*opened)->start(process->listener);
  EXPECT_TRUE(log) << log.error().message;
  process->log = *std::move(log);
  return process;
}

// Takes all locks of the server but `locks_left`, until the connection ends.
void take_locks(Admin& admin) {
  admin.run(
      "do $$ begin for i in 1..1000000 loop perform pg_advisory_lock(77, i); end loop;"
      " exception when out_of_memory then null; end $$");
  admin.run("select count(*) from generate_series(1, " + std::to_string(locks_left) +
            ") i where pg_advisory_unlock(77, i)");
}

TEST(ManySegments, NeedFewLocks) {
  ServerPair& servers = ServerPair::shared();
  const Options options = options_of(servers);
  {
    auto process = start(options);
    ASSERT_TRUE(process);
    process->write(segments / 2, 64U << 10);
    ASSERT_TRUE(process->checkpoint(segments / 4));
    process->write(segments / 2, 64U << 10);
    process->log->stop();
  }
  Admin admin(servers.primary_directory());
  ASSERT_GE(std::stoul(admin.run("select count(*) from pg_class c join pg_namespace n"
                                 " on n.oid = relnamespace where nspname = 'many_segments'"
                                 " and relkind = 'r' and relname like 'segment%'")),
            segments);
  take_locks(admin);
  {
    PostgresEngine engine(options);
    auto opened = engine.open(logs::Opener::reader);
    ASSERT_TRUE(opened) << opened.error().message;
    const auto contents = logs::recover_all(**opened);
    ASSERT_TRUE(contents) << contents.error().message;
    EXPECT_EQ(contents->recovered.last_lsn, segments);
    EXPECT_EQ(contents->records.size(), segments - segments / 4 + 1);
  }
  {
    const auto source = PostgresCopySource::open(options, "elsewhere");
    ASSERT_TRUE(source) << source.error().message;
    std::size_t records = 0;
    const auto visited = (*source)->visit_records([&](const logs::Frame&) {
      ++records;
      return Result<void>{};
    });
    ASSERT_TRUE(visited) << visited.error().message;
    EXPECT_EQ(records, segments);
  }
  auto process = start(options);
  ASSERT_TRUE(process);
  EXPECT_EQ(process->contents.recovered.last_lsn, segments);
  process->write(1, 100);
  process->log->stop();
}

}  // namespace
}  // namespace millrace::postgres_log
