// The engine of PostgreSQL under the contract tests, over a primary and a synchronous standby.
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>

#include "actors/postgres_log/engine.hpp"
#include "tests/log/log_fixture.hpp"
#include "tests/postgres_log/server_pair.hpp"

namespace millrace::logs {
namespace {

using postgres_log::Admin;
using postgres_log::ServerPair;
using postgres_log::SocketProxy;

// Whether a session of an engine waits for the standby.
constexpr const char* some_session_waits =
    "select count(*) > 0 from pg_stat_activity"
    " where application_name = 'millrace' and wait_event = 'SyncRep'";
// Ends these sessions; whether there were none.
constexpr const char* end_waiting_sessions =
    "select count(pg_terminate_backend(pid)) = 0 from pg_stat_activity"
    " where application_name = 'millrace' and wait_event = 'SyncRep'";

// Statements that make each later write of the schema fail with an SQLSTATE, as a server does that has
// no room or cannot write.
std::string failing_writes(const std::string& schema, const std::string& state) {
  return "create schema if not exists faults;"
         "create or replace function faults.fail_row() returns trigger language plpgsql as"
         " $$begin raise exception 'refused by the test' using errcode = '" +
         state +
         "'; end$$;"
         "create or replace function faults.fail_table() returns event_trigger language plpgsql as"
         " $$begin raise exception 'refused by the test' using errcode = '" +
         state +
         "'; end$$;"
         "create event trigger refused_by_the_test on ddl_command_start"
         " when tag in ('CREATE TABLE') execute function faults.fail_table();"
         "do $$declare t text; begin for t in select relname from pg_class c join pg_namespace n"
         " on n.oid = relnamespace where nspname = '" +
         schema +
         "' and relkind = 'r' and relname"
         " like 'segment%' loop execute format('create trigger refused_by_the_test before insert "
         "on " +
         schema + ".%I for each row execute function faults.fail_row()', t); end loop; end$$";
}

class PostgresFixture final : public LogFixture {
 public:
  PostgresFixture() : servers_(ServerPair::shared()) {
    static int count = 0;
    schema_ = "test" + std::to_string(++count);
  }
  ~PostgresFixture() override {
    end_faults();
    if (terminating_.joinable()) terminating_.join();
    proxies_.clear();
  }

  [[nodiscard]] bool has(Feature feature) const override {
    switch (feature) {
      case Feature::fence:
      case Feature::stall:
      case Feature::reordered_groups:
      case Feature::write_failure:
      case Feature::full:
      case Feature::outage:
      case Feature::lost_answer:
      case Feature::failover:
      case Feature::power_loss:
        return true;
      case Feature::lock:
      case Feature::reserve:
      case Feature::damaged_checkpoint:
      case Feature::backup:
        return false;
    }
    return false;
  }

  [[nodiscard]] std::shared_ptr<Engine> make_engine() override {
    auto proxy =
        std::make_unique<SocketProxy>(servers_.new_socket_directory(), servers_.primary_socket());
    postgres_log::Options options;
    options.dsn = ServerPair::dsn(proxy->directory()) + " dbname=postgres";
    options.schema = schema_;
    options.node = "node";
    options.holder = "test";
    options.segment_bytes = segment_bytes;
    options.group_bytes_max = 16u << 10;
    options.record_bytes_max = record_bytes_max;
    options.patience = patience;
    options.full_retry = std::chrono::milliseconds(5);
    options.retry_min = std::chrono::milliseconds(2);
    options.retry_max = std::chrono::milliseconds(50);
    if (is_cut_) proxy->cut(true);
    proxies_.push_back(std::move(proxy));
    return std::make_shared<postgres_log::PostgresEngine>(options);
  }

  void kill() override {
    end_processes();
    end_faults();
    if (terminating_.joinable()) terminating_.join();
    // What was under way has ended then.
    await("select count(*) = 0 from pg_stat_activity where application_name = 'millrace'");
  }

  // The server restarts as after a crash.
  void lose_power(std::uint64_t /*seed*/) override {
    end_processes();
    servers_.restart_primary();
    end_faults();
  }

  void stall() override {
    is_stalled_ = true;
    servers_.hold_replication(true);
  }
  void stall_next() override {
    for (auto& proxy : proxies_) proxy->freeze_next_group();
    is_frozen_ = true;
  }
  void await_stalled() override {
    if (is_frozen_) {
      EXPECT_TRUE(proxies_.back()->await_frozen());
    } else {
      await(some_session_waits);
    }
  }
  void resume() override {
    is_stalled_ = is_frozen_ = false;
    servers_.hold_replication(false);
    for (auto& proxy : proxies_) proxy->thaw();
  }

  void fail_writes() override { refuse_writes("58030"); }
  void fill() override { refuse_writes("53100"); }
  void make_room() override { accept_writes(); }

  void cut() override { set_cut(true); }
  void cut_after_commit() override {
    for (auto& proxy : proxies_) proxy->lose_next_commit();
    is_cut_ = true;
  }
  void mend() override {
    if (terminating_.joinable()) terminating_.join();
    set_cut(false);
    if (!is_stalled_) servers_.hold_replication(false);
  }
  void cut_before_replication() override {
    servers_.hold_replication(true);
    is_cut_ = true;
    terminating_ = std::thread([this] {
      Admin admin(servers_.primary_directory());
      await(admin, some_session_waits);
      for (auto& proxy : proxies_) proxy->cut(true);
      // A session that is ended while it waits leaves its commit behind, on this server alone.
      await(admin, end_waiting_sessions);
    });
  }
  void fail_over() override {
    servers_.fail_over();
    is_stalled_ = false;
    for (auto& proxy : proxies_) proxy->set_target(servers_.primary_socket());
  }

 private:
  static void await(Admin& admin, const std::string& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (admin.run(condition) != "t") {
      if (std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << "in vain: " << condition;
        return;
      }
      poll(nullptr, 0, 1);
    }
  }
  void await(const std::string& condition) const {
    Admin admin(servers_.primary_directory());
    await(admin, condition);
  }

  void end_processes() {
    for (auto& proxy : std::exchange(proxies_, {})) {
      proxy->cut(true);
      dead_.push_back(std::move(proxy));
    }
  }
  void set_cut(bool is_cut) {
    is_cut_ = is_cut;
    for (auto& proxy : proxies_) proxy->cut(is_cut);
  }
  void refuse_writes(const std::string& state) {
    Admin(servers_.primary_directory()).run(failing_writes(schema_, state));
    refuses_writes_ = true;
  }
  void accept_writes() {
    if (!std::exchange(refuses_writes_, false)) return;
    Admin(servers_.primary_directory())
        .run("set client_min_messages = warning; drop schema faults cascade");
  }
  void end_faults() {
    resume();
    accept_writes();
  }

  ServerPair& servers_;
  std::string schema_;
  std::vector<std::unique_ptr<SocketProxy>> proxies_;  ///< one for each engine that lives
  std::vector<std::unique_ptr<SocketProxy>> dead_;
  std::thread terminating_;  ///< of cut_before_replication()
  bool is_cut_ = false;
  bool is_stalled_ = false;
  bool is_frozen_ = false;
  bool refuses_writes_ = false;
};

}  // namespace

std::vector<NamedFixture> log_fixtures() {
  return {{"Postgres", [] {
             return std::make_unique<PostgresFixture>();
           }}};
}

}  // namespace millrace::logs
