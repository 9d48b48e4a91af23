// The verdict is FAIL if a single condition is violated, and its text is as documented.
#include "apps/report/verdict.hpp"

#include <functional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace millrace::report {
namespace {

RunReport documented_run() {
  RunReport report;
  report.seed = 42;
  report.orders_offered = report.orders_accounted = 100'000;
  report.states = {{"SHIPPED", 97'411}, {"REJECTED", 2'558}, {"CANCELLED", 0}, {"PAUSED", 31}};
  report.faults = {{1, "kill", "node-1", 1.8}, {3, "kill", "node-2", 0.4}};
  report.invariants = {{"I4 at most one capture per order", true, ""}};
  report.ledger = {{"orders.placed", {10, 10, 0, 0, 0, 0}}};
  for (const DurationUs latency : {100, 104, 412'000}) report.latency.record(latency);
  return report;
}

TEST(Verdict, IsAsDocumented) {
  EXPECT_EQ(
      verdict_text(documented_run(), {false, "out/"}),
      "verdict  PASS  100,000 of 100,000 accounted: shipped 97,411 rejected 2,558 paused 31\n"
      "         lost 0  unexpected 0  duplicated effects 0  order violations 0  recovery 1.8s\n"
      "latency  p50 104us  p99 412ms  p99.9 412ms  max 412ms\n"
      "report   out/index.html  out/report.json       rerun with --seed 42\n");
}

TEST(Verdict, WithoutFaultsThereIsNoRecovery) {
  RunReport report = documented_run();
  report.faults.clear();
  EXPECT_EQ(verdict_text(report, {}).find("recovery"), std::string::npos);
}

TEST(Verdict, TellsTakeoversAndOutagesOfTheLog) {
  RunReport report = documented_run();
  report.faults[0].taken_over_after_s = 0.6;
  report.faults[1].taken_over_after_s = 0.9;
  report.faults.push_back({4, "kill", "node-1", 9});
  report.faults.back().taken_over_after_s = 8;
  report.faults.back().was_log_at_fault = true;
  report.faults.push_back({5, "pause", "node-3", 4});
  report.faults.back().taken_over_after_s = 3.5;
  report.faults.push_back({6, "db-restart", "servers", 2});
  report.faults.back().nothing_confirmed_s = 1.25;
  const std::string text = verdict_text(report, {});
  EXPECT_NE(text.find("taken over after an end  2  median 900ms  max 900ms\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("taken over after silence  1  median 3.5s  max 3.5s\n"), std::string::npos);
  EXPECT_NE(text.find("nothing confirmed  1  median 1.25s  max 1.25s\n"), std::string::npos);
}

TEST(Verdict, EachViolationAloneFails) {
  const std::vector<std::pair<const char*, std::function<void(RunReport&)>>> wrongs = {
      {"failure  the disk is full",
       [](RunReport& r) {
         r.failure = "the disk is full";
       }},
      {"99,999 of 100,000",
       [](RunReport& r) {
         r.orders_accounted -= 1;
       }},
      {"lost 1",
       [](RunReport& r) {
         r.lost = 1;
       }},
      {"unexpected 1",
       [](RunReport& r) {
         r.unexpected = 1;
       }},
      {"duplicated effects 1",
       [](RunReport& r) {
         r.duplicated_effects = 1;
       }},
      {"order violations 1",
       [](RunReport& r) {
         r.order_violations = 1;
       }},
      {"broken   I4 at most one capture per order: order 7 twice",
       [](RunReport& r) {
         r.invariants[0] = {r.invariants[0].name, false, "order 7 twice"};
       }},
      {"broken   the ledger of orders.placed does not balance",
       [](RunReport& r) {
         r.ledger[0].second.acked = 11;
       }},
  };
  EXPECT_TRUE(passed(documented_run()));
  for (const auto& [text, plant] : wrongs) {
    SCOPED_TRACE(text);
    RunReport report = documented_run();
    plant(report);
    EXPECT_FALSE(passed(report));
    EXPECT_NE(verdict_text(report, {}).find("verdict  FAIL"), std::string::npos);
    EXPECT_NE(verdict_text(report, {}).find(text), std::string::npos);
  }
}

TEST(Verdict, OnlyTheWordIsColored) {
  const std::string painted = verdict_text(documented_run(), {true, ""});
  EXPECT_NE(painted.find("\033[1;32mPASS\033[0m  100,000"), std::string::npos);
  EXPECT_EQ(verdict_text(documented_run(), {false, ""}).find('\033'), std::string::npos);
}

TEST(Verdict, AFaultWithoutRecoveryIsShown) {
  RunReport report = documented_run();
  report.faults[1].recovered_after_s.reset();
  EXPECT_NE(verdict_text(report, {}).find("recovery never"), std::string::npos);
}

TEST(Verdict, ARunWithoutAuditShowsNoAuditResults) {
  RunReport report;
  report.failure = "storage_full: no room on the disk of d";
  report.orders_offered = 3'018;
  report.samples.emplace_back().finished = 2'014;
  const std::string text = verdict_text(report, {});
  EXPECT_NE(text.find("FAIL  not audited: 2,014 of 3,018 offered orders were finished"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("storage_full"), std::string::npos);
  EXPECT_EQ(text.find("lost 0"), std::string::npos) << "the run was not audited";
}

}  // namespace
}  // namespace millrace::report
