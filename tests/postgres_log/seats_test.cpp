// Promises of seats: the lease says by the server's clock when a seat may be taken, and only the holder's
// epoch changes it.
#include "actors/postgres_log/seats.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "actors/postgres_log/engine.hpp"
#include "actors/postgres_log/schema.hpp"
#include "actors/postgres_log/seat_table.hpp"
#include "actors/postgres_log/seat_watch.hpp"
#include "tests/log/log_contract.hpp"
#include "tests/postgres_log/server_pair.hpp"

namespace millrace::postgres_log {
namespace {

using std::chrono::milliseconds;

class Seats : public ::testing::Test {
 protected:
  Seats()
      : servers_(ServerPair::shared()),
        connector_(*Dsn::parse(ServerPair::dsn(servers_.primary_directory()) + " dbname=postgres"),
                   false, milliseconds(5'000), milliseconds(30'000)) {
    static int count = 0;
    schema_ = "seats" + std::to_string(++count);
    auto connected = connector_.connect(interrupt_);
    EXPECT_TRUE(connected) << connected.error().message;
    session_ = *std::move(connected);
    EXPECT_TRUE(make_schema(*session_, schema_, ""));
  }

  // Takes the seat in a transaction of its own; 0: it is not free.
  std::uint64_t take(const std::string& name, const std::string& holder, milliseconds lease,
                     std::uint64_t ended = 0) {
    EXPECT_TRUE(session_->execute("begin"));
    const auto epoch = raise_epoch(*session_, schema_, name, holder, lease, ended);
    EXPECT_TRUE(epoch) << epoch.error().message;
    EXPECT_TRUE(session_->commit());
    return epoch->value_or(0);
  }
  Seat seat(const std::string& name) {
    const auto found = find_seat(*session_, schema_, name);
    EXPECT_TRUE(found && *found);
    return **found;
  }

  Options options(const std::string& holder, milliseconds lease) const {
    Options made;
    made.dsn = ServerPair::dsn(servers_.primary_directory()) + " dbname=postgres";
    made.schema = schema_;
    made.node = "node";
    made.holder = holder;
    made.lease = lease;
    return made;
  }

  ServerPair& servers_;
  Interrupt interrupt_;
  Connector connector_;
  std::string schema_;
  std::unique_ptr<Session> session_;
};

TEST_F(Seats, AreListedByName) {
  EXPECT_TRUE(list_seats(*session_, schema_)->empty());
  ASSERT_TRUE(add_seat(*session_, schema_, "b"));
  ASSERT_TRUE(add_seat(*session_, schema_, "a"));
  ASSERT_TRUE(add_seat(*session_, schema_, "b")) << "which is there";
  const auto seats = list_seats(*session_, schema_);
  ASSERT_TRUE(seats);
  ASSERT_EQ(seats->size(), 2u);
  EXPECT_EQ((*seats)[0].name, "a");
  EXPECT_EQ((*seats)[1].name, "b");
  EXPECT_NE((*seats)[0].number, (*seats)[1].number);
  EXPECT_EQ((*seats)[0].epoch, 0u);
  EXPECT_LE((*seats)[0].lease_left.count(), 0);
  EXPECT_FALSE(*find_seat(*session_, schema_, "c"));
}

TEST_F(Seats, AreTakenWhenTheirLeaseHasEnded) {
  ASSERT_TRUE(add_seat(*session_, schema_, "a"));
  const std::uint64_t first = take("a", "one", milliseconds(60'000));
  EXPECT_GT(first, 1'600'000'000'000'000u) << "microseconds since 1970";
  EXPECT_GT(seat("a").lease_left.count(), 50'000);
  EXPECT_EQ(seat("a").holder, "one");
  EXPECT_EQ(take("a", "two", milliseconds(60'000)), 0u) << "it is held";
  const std::uint64_t second = take("a", "two", milliseconds(60'000), first);
  EXPECT_GT(second, first) << "its holder has ended";
  EXPECT_EQ(take("a", "three", milliseconds(60'000), first), 0u) << "somebody else holds it now";
  ASSERT_TRUE(renew_lease(*session_, schema_, "a", second, milliseconds(90'000)));
  EXPECT_GT(seat("a").lease_left.count(), 80'000);
  ASSERT_TRUE(release_seat(*session_, schema_, "a", second));
  const std::uint64_t third = take("a", "two", milliseconds(1));
  EXPECT_GT(third, second);
  ASSERT_TRUE(renew_lease(*session_, schema_, "a", third, milliseconds(-1)));
  EXPECT_GT(take("a", "three", milliseconds(60'000)), third) << "the lease is over";
}

TEST_F(Seats, HaveEpochsThatGrowAlthoughTheClockGoesBack) {
  ASSERT_TRUE(add_seat(*session_, schema_, "a"));
  ASSERT_NE(take("a", "one", milliseconds(1)), 0u);
  constexpr std::uint64_t late = 9'000'000'000'000'000;
  ASSERT_TRUE(session_->execute("update " + schema_ + ".node set epoch = " + std::to_string(late)));
  ASSERT_TRUE(release_seat(*session_, schema_, "a", late));
  EXPECT_EQ(take("a", "two", milliseconds(1)), late + 1);
}

TEST_F(Seats, ObeyOnlyTheirEpoch) {
  ASSERT_TRUE(add_seat(*session_, schema_, "a"));
  const std::uint64_t first = take("a", "one", milliseconds(60'000));
  ASSERT_TRUE(set_addresses(*session_, schema_, "a", first, "host:7000", "host:8000"));
  EXPECT_EQ(seat("a").address, "host:7000");
  EXPECT_EQ(seat("a").http, "host:8000");
  ASSERT_GT(take("a", "one", milliseconds(60'000), first), first);
  EXPECT_EQ(seat("a").address, "") << "of the holder before";
  for (const Result<void>& refused : {renew_lease(*session_, schema_, "a", first, milliseconds(1)),
                                      release_seat(*session_, schema_, "a", first),
                                      set_addresses(*session_, schema_, "a", first, "x", "y")}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::fenced);
  }
}

TEST_F(Seats, AreNotWaitedForIfTheirHolderHasEnded) {
  logs::Process process;
  process.engine = std::make_shared<PostgresEngine>(options("one", milliseconds(600'000)));
  auto opened = process.engine->open(logs::Opener::writer);
  ASSERT_TRUE(opened) << opened.error().message;
  ASSERT_TRUE(logs::recover_all(**opened));
  process.log = *(*opened)->start(process.listener);
  process.write(3, 100);
  Options next = options("two", milliseconds(600'000));
  next.has_ended = [](const std::string& holder) {
    return holder == "one";
  };
  PostgresEngine other(next);
  const auto taken = other.open(logs::Opener::writer);
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(seat("node").holder, "two");
  // It was not true: the epoch keeps the former holder out.
  static_cast<void>(process.append("late"));
  EXPECT_TRUE(process.listener.await_failed());
}

TEST_F(Seats, AreRemovedWithTheirLogs) {
  EXPECT_EQ(remove_seat(*session_, schema_, "node").error().code, ErrorCode::not_found);
  {
    logs::Process process;
    process.engine = std::make_shared<PostgresEngine>(options("one", milliseconds(60'000)));
    auto opened = process.engine->open(logs::Opener::writer);
    ASSERT_TRUE(opened) << opened.error().message;
    ASSERT_TRUE(logs::recover_all(**opened));
    process.log = *(*opened)->start(process.listener);
    process.write(3, 100);
    ASSERT_TRUE(process.checkpoint(4));
    EXPECT_EQ(remove_seat(*session_, schema_, "node").error().code, ErrorCode::storage_locked);
    process.write(3, 100);
  }
  EXPECT_LE(seat("node").lease_left.count(), 0) << "a stop gives the seat up";
  ASSERT_TRUE(remove_seat(*session_, schema_, "node"));
  EXPECT_TRUE(list_seats(*session_, schema_)->empty());
  Admin admin(servers_.primary_directory());
  EXPECT_EQ(admin.run("select count(*) from pg_tables where schemaname = '" + schema_ + "'"), "4");
}

TEST_F(Seats, AreHeldAsLongAsTheirLogIsOpen) {
  logs::Process process;
  process.engine = std::make_shared<PostgresEngine>(options("one", milliseconds(1'000)));
  auto opened = process.engine->open(logs::Opener::writer);
  ASSERT_TRUE(opened) << opened.error().message;
  ASSERT_TRUE(logs::recover_all(**opened));
  process.log = *(*opened)->start(process.listener);
  process.write(3, 100);
  PostgresEngine other(options("two", milliseconds(1'000)));
  std::atomic<bool> is_open = false;
  std::thread opening([&] {
    const auto taken = other.open(logs::Opener::writer);
    EXPECT_TRUE(taken) << taken.error().message;
    is_open = true;
  });
  // For longer than the lease, which is renewed.
  const auto end = std::chrono::steady_clock::now() + milliseconds(1'500);
  while (std::chrono::steady_clock::now() < end) process.write(1, 100);
  EXPECT_FALSE(is_open);
  EXPECT_FALSE(process.listener.failed());
  process.log->stop();
  opening.join();
}

TEST_F(Seats, AreHeldWhileTheirLogIsRead) {
  PostgresEngine engine(options("one", milliseconds(1'000)));
  const auto opened = engine.open(logs::Opener::writer);
  ASSERT_TRUE(opened) << opened.error().message;
  const std::uint64_t epoch = (*opened)->epoch();
  bool was_free = false;
  // For longer than the lease.
  const auto end = std::chrono::steady_clock::now() + milliseconds(2'500);
  while (std::chrono::steady_clock::now() < end) {
    was_free = was_free || seat("node").lease_left.count() <= 0;
  }
  EXPECT_FALSE(was_free);
  EXPECT_EQ(seat("node").epoch, epoch);
}

TEST_F(Seats, AProcessTakesAnyThatIsFree) {
  Options any = options("one", milliseconds(60'000));
  any.node = any_seat;
  any.seats = {"a", "b"};
  std::vector<std::string> reasons;
  PostgresEngine first(any);
  const auto one = first.open(logs::Opener::writer);
  ASSERT_TRUE(one) << one.error().message;
  any.holder = "two";
  PostgresEngine second(any);
  const auto two = second.open(logs::Opener::writer);
  ASSERT_TRUE(two) << two.error().message;
  EXPECT_EQ((std::set<std::string>{(*one)->node(), (*two)->node()}),
            (std::set<std::string>{"a", "b"}));

  any.holder = "three";
  any.on_wait = [&](const Error& reason) {
    reasons.push_back(reason.message);
  };
  std::size_t looks = 0;
  PostgresEngine* waiting = nullptr;
  any.on_look = [&](const std::vector<Seat>& seats) {
    EXPECT_EQ(seats.size(), 2u);
    if (++looks == 3) {
      ASSERT_TRUE(release_seat(*session_, schema_, (*two)->node(), (*two)->epoch()));
    }
    if (looks > 600) waiting->cancel();
  };
  PostgresEngine third(any);
  waiting = &third;
  const auto three = third.open(logs::Opener::writer);
  ASSERT_TRUE(three) << three.error().message;
  EXPECT_EQ((*three)->node(), (*two)->node());
  EXPECT_GT((*three)->epoch(), (*two)->epoch());
  ASSERT_EQ(reasons.size(), 1u);
  EXPECT_NE(reasons[0].find("standby: no seat is free"), std::string::npos) << reasons[0];
}

TEST_F(Seats, AnOperatorTakesOneToRemoveIt) {
  const auto table = SeatTable::open(options("me", milliseconds(1'000)), false);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_TRUE(*(*table)->add("a"));
  EXPECT_FALSE(*(*table)->add("a")) << "which is there";
  const std::uint64_t held = take("a", "one", milliseconds(60'000));
  const auto taken = (*table)->take("a", milliseconds(60'000));
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_GT(*taken, held);
  EXPECT_EQ((*table)->remove("a", held).error().code, ErrorCode::storage_locked);
  ASSERT_TRUE((*table)->remove("a", *taken));
  EXPECT_TRUE((*table)->list()->empty());
  EXPECT_EQ((*table)->take("a", milliseconds(1'000)).error().code, ErrorCode::not_found);
  Options elsewhere = options("me", milliseconds(1'000));
  elsewhere.schema = "nobodys";
  EXPECT_EQ(SeatTable::open(elsewhere, false).error().code, ErrorCode::not_found);
}

TEST_F(Seats, TellWhereTheirHolderIs) {
  ASSERT_TRUE(add_seat(*session_, schema_, "node"));
  const std::uint64_t epoch = take("node", "one", milliseconds(60'000));
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Seat> told;
  const auto watch =
      SeatWatch::start(options("one", milliseconds(60'000)), {epoch, "host:1", "host:2"},
                       [&](const std::vector<Seat>& seats) {
                         const std::lock_guard lock(mutex);
                         told = seats;
                         changed.notify_all();
                       });
  ASSERT_TRUE(watch);
  const auto await = [&](const std::function<bool()>& holds) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(30), holds);
  };
  EXPECT_TRUE(await([&] { return !told.empty() && told[0].address == "host:1"; }));
  EXPECT_EQ(seat("node").http, "host:2");
  // Lost by a failover of the database, which nobody waits for.
  ASSERT_TRUE(set_addresses(*session_, schema_, "node", epoch, "", ""));
  EXPECT_TRUE(await([&] { return told[0].address.empty(); }));
  EXPECT_TRUE(await([&] { return told[0].address == "host:1"; }));
  ASSERT_TRUE(add_seat(*session_, schema_, "other"));
  EXPECT_TRUE(await([&] { return told.size() == 2; }));
  // Another process has the seat: its addresses are left alone.
  const std::uint64_t next = take("node", "two", milliseconds(60'000), epoch);
  ASSERT_TRUE(set_addresses(*session_, schema_, "node", next, "elsewhere:1", ""));
  EXPECT_TRUE(await([&] { return told[0].address == "elsewhere:1"; }));
  (*watch)->stop();
  EXPECT_EQ(seat("node").address, "elsewhere:1");
}

}  // namespace
}  // namespace millrace::postgres_log
