// ServersFixture: for tests of one engine over real servers.
#pragma once

#include <chrono>
#include <iostream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <poll.h>

#include "actors/postgres_log/engine.hpp"
#include "tests/log/log_contract.hpp"
#include "tests/postgres_log/server_pair.hpp"

namespace millrace::postgres_log {

/// An engine with a schema of its own on the pair of this process, and a connection for the test's statements.
class ServersFixture : public ::testing::Test {
 protected:
  ServersFixture() : servers_(ServerPair::shared()), admin_(servers_.primary_directory()) {
    static int count = 0;
    schema_ = "schema" + std::to_string(++count);
    options_.dsn = ServerPair::dsn(servers_.primary_directory()) + " dbname=postgres";
    options_.schema = schema_;
    options_.node = "node";
    options_.holder = "test";
    options_.patience = std::chrono::milliseconds(300);
    options_.retry_min = std::chrono::milliseconds(2);
    options_.retry_max = std::chrono::milliseconds(50);
  }

  ~ServersFixture() override { servers_.hold_replication(false); }

  // The error of an opening that must fail.
  Error refused(logs::Opener opener = logs::Opener::writer) {
    PostgresEngine engine(options_);
    const auto opened = engine.open(opener);
    if (opened) {
      ADD_FAILURE() << "was not refused";
      return {ErrorCode::invalid_argument, ""};
    }
    EXPECT_EQ(opened.error().message.find('\n'), std::string::npos) << opened.error().message;
    std::cout << "refused: " << opened.error().message << '\n';
    return opened.error();
  }

  // A process that has the log open.
  std::unique_ptr<logs::Process> start() {
    auto process = std::make_unique<logs::Process>();
    process->engine = std::make_shared<PostgresEngine>(options_);
    auto opened = process->engine->open(logs::Opener::writer);
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      return nullptr;
    }
    auto contents = logs::recover_all(**opened);
    if (!contents) {
      ADD_FAILURE() << contents.error().message;
      return nullptr;
    }
    process->contents = *std::move(contents);
    auto log = (*opened)->start(process->listener);
    if (!log) {
      ADD_FAILURE() << log.error().message;
      return nullptr;
    }
    process->log = *std::move(log);
    return process;
  }

  // A process with ten confirmed records.
  std::unique_ptr<logs::Process> start_with_ten() {
    auto process = start();
    if (!process) return process;
    process->append_numbers(1, 10);
    if (process->listener.await_records(10)) return process;
    ADD_FAILURE() << "the records are not confirmed";
    return nullptr;
  }

  // Changes a setting of the primary, and waits until new sessions have it.
  void set(const std::string& name, const std::string& value) {
    admin_.run("alter system set " + name + " = " + value);
    admin_.run("select pg_reload_conf()");
    await(
        [&] { return Admin(servers_.primary_directory()).run("show " + name) == value_of(value); });
  }
  void reset(const std::string& name, const std::string& value) {
    admin_.run("alter system reset " + name);
    admin_.run("select pg_reload_conf()");
    await([&] { return Admin(servers_.primary_directory()).run("show " + name) == value; });
  }
  static std::string value_of(const std::string& quoted) { return quoted == "''" ? "" : quoted; }

  template <class Condition>
  static void await(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "in vain";
      poll(nullptr, 0, 5);
    }
  }

  ServerPair& servers_;
  Admin admin_;
  std::string schema_;
  Options options_;
};

}  // namespace millrace::postgres_log
