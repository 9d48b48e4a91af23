// report.json has exactly the fields of docs/formats/report.md, in that order, with the values of
// the report. The field names are read from the document.
#include "apps/report/json.hpp"

#include <fstream>
#include <regex>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/report/synthetic_report.hpp"

namespace millrace::report {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> documented_fields() {
  std::ifstream file(MILLRACE_SOURCE_DIR "/docs/formats/report.md");
  std::vector<std::string> fields;
  const std::regex row(R"(^\| `([a-z_0-9]+)` \|.*)");
  std::smatch match;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_match(line, match, row)) fields.push_back(match[1]);
  }
  return fields;
}

TEST(JsonReport, HasTheDocumentedFieldsInOrder) {
  std::vector<std::string> fields;
  const Json json = Json::parse(to_json(synthetic_report(1, 1000)));
  for (const auto& [name, value] : json.items()) fields.push_back(name);
  EXPECT_EQ(fields, documented_fields());
}

TEST(JsonReport, HasTheValuesOfTheReport) {
  const RunReport report = synthetic_report(7, 20'000);
  const Json json = Json::parse(to_json(report));
  EXPECT_EQ(json["verdict"], "PASS");
  EXPECT_EQ(json["failure"], nullptr);
  EXPECT_EQ(json["seed"], 7);
  EXPECT_EQ(json["orders"], (Json{{"offered", 20'000}, {"accounted", 20'000}}));
  EXPECT_EQ(json["latency_us"]["p99"], report.latency.percentile(0.99));
  EXPECT_EQ(json["faults"][0]["recovered_after_s"], 1.8);
  EXPECT_EQ(json["invariants"].size(), report.invariants.size());
  EXPECT_EQ(json["states"]["SHIPPED"], report.states[0].second);
  const Json& ledger = json["ledger"]["orders.placed"];
  EXPECT_EQ(ledger["offered"], ledger["acked"].get<int>() + ledger["dead"].get<int>() +
                                   ledger["dropped"].get<int>() + ledger["queued"].get<int>());
  const Json& samples = json["samples"];
  EXPECT_EQ(samples["t_s"].size(), report.samples.size());
  EXPECT_EQ(samples["finished"].back(), 20'000);
  EXPECT_EQ(samples["queue_depth"]["orders.placed"].size(), report.samples.size());
  EXPECT_EQ(samples["states"]["SHIPPED"].back(), report.samples.back().states[3]);
}

TEST(JsonReport, HasTheFailuresOfTheReport) {
  const Json json = Json::parse(to_json(synthetic_failure(7, 20'000)));
  EXPECT_EQ(json["verdict"], "FAIL");
  EXPECT_EQ(json["lost"], 2);
  EXPECT_EQ(json["invariants"][3]["held"], false);
  EXPECT_NE(json["invariants"][3]["first_violation"].get<std::string>().find("captured twice"),
            std::string::npos);
  EXPECT_EQ(json["faults"][1]["recovered_after_s"], nullptr);
}

TEST(JsonReport, HasTakeoversAndOutagesOfTheLog) {
  RunReport report = synthetic_report(7, 20'000);
  report.faults[0].taken_over_after_s = 0.75;
  report.faults[1].taken_over_after_s = 3.5;  // a pause
  report.faults.push_back({12, "db-failover", "servers", 2});
  report.faults.back().nothing_confirmed_s = 1.5;
  const Json json = Json::parse(to_json(report));
  EXPECT_EQ(json["takeovers"], (Json{{"count", 1}, {"median_s", 0.75}, {"max_s", 0.75}}));
  EXPECT_EQ(json["takeovers_of_silent"]["max_s"], 3.5);
  EXPECT_EQ(json["log_outages"]["median_s"], 1.5);
  EXPECT_EQ(json["faults"][0]["taken_over_after_s"], 0.75);
  EXPECT_EQ(json["faults"][0]["was_log_at_fault"], false);
  EXPECT_EQ(json["faults"].back()["nothing_confirmed_s"], 1.5);
  EXPECT_EQ(Json::parse(to_json(synthetic_report(7, 100)))["takeovers"], nullptr);
}

TEST(JsonReport, AnEmptyReportIsValidJson) {
  const Json json = Json::parse(to_json(RunReport{}));
  EXPECT_EQ(json["samples"]["t_s"], Json::array());
  EXPECT_EQ(json["ledger"], Json::object());
}

TEST(JsonReport, TextThatIsNotUtf8IsReplaced) {
  RunReport report;
  report.failure = "bad \xff byte";
  EXPECT_EQ(Json::parse(to_json(report))["failure"], "bad \xEF\xBF\xBD byte");
}

}  // namespace
}  // namespace millrace::report
