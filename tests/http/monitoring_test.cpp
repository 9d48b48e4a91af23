// Promise: the alert rules and the board name only metrics that a node shows, and runbooks that there are.
#include <cctype>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cluster/http/metrics/metrics_page.hpp"
#include "tests/http/fake_node_api.hpp"

namespace millrace::http {
namespace {

const std::filesystem::path root(MILLRACE_SOURCE_DIR);

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::set<std::string> all_of(const std::string& text, const char* pattern) {
  const std::regex expression(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) {
    found.insert((*it)[1]);
  }
  return found;
}

/// A page with every metric that a node can have.
std::string full_page() {
  FakeNodeApi api;
  QueueInfo queue;
  queue.name = "in";
  queue.is_unnamed = true;
  QueueInfo outbox;
  outbox.name = "outbox/in";
  outbox.is_outbox = true;
  outbox.shards = {{.number = 0, .queued = 1}};
  outbox.ledger.offered = 1;
  api.queue_list = {queue, outbox};
  StageCounts stage;
  stage.pipeline = "p";
  stage.stage = "s";
  stage.ends_pipeline = true;
  stage.breaker.phase = StageCounts::Breaker::Phase::closed;
  api.stage_list = {stage};
  api.certificates_end_us = 1;
  MetricsPage page;
  return page.text(api);
}

TEST(Monitoring, NamesOnlyMetricsThatThereAre) {
  const std::set<std::string> shown = all_of(full_page(), R"(\n([a-z_]+)[{ ])");
  for (const char* name : {"alerts.yml", "grafana.json"}) {
    const std::string text = read(root / "configs/monitoring" / name);
    const auto used = all_of(text, R"(\b((?:millrace|process)_[a-z_]+)\b)");
    EXPECT_GT(used.size(), 10u) << name;
    for (const std::string& metric : used) {
      EXPECT_TRUE(shown.contains(metric)) << name << " names " << metric;
    }
  }
}

TEST(Monitoring, HasARunbookForEachAlert) {
  const std::string rules = read(root / "configs/monitoring/alerts.yml");
  const auto alerts = all_of(rules, R"(- alert: (\w+))");
  const auto anchors = all_of(rules, R"(runbook: docs/operations\.md#([a-z0-9-]+))");
  const std::string operations = read(root / "docs/operations.md");
  std::set<std::string> headings;
  for (const std::string& heading : all_of(operations, R"(\n## ([^\n]+))")) {
    std::string slug;
    for (const char c : heading) {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
        slug += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      } else if (c == ' ' || c == '-') {
        slug += '-';
      }
    }
    headings.insert(slug);
  }
  for (const std::string& anchor : anchors) EXPECT_TRUE(headings.contains(anchor)) << anchor;
  std::size_t runbooks = 0;
  for (std::size_t at = 0; (at = rules.find("runbook: ", at)) != std::string::npos; ++at)
    ++runbooks;
  EXPECT_EQ(runbooks, alerts.size());
  // Those that lead to the table itself are in it.
  for (const std::string& alert : alerts) {
    const std::size_t begin = rules.find("alert: " + alert + "\n");
    const std::string rule = rules.substr(begin, rules.find("- alert:", begin) - begin);
    if (rule.find("operations.md#alerts") == std::string::npos) continue;
    EXPECT_NE(operations.find('`' + alert + '`'), std::string::npos) << alert;
  }
}

TEST(Monitoring, TheBoardIsJsonWithAQueryInEachPanel) {
  const auto board = nlohmann::json::parse(read(root / "configs/monitoring/grafana.json"));
  ASSERT_GT(board.at("panels").size(), 10u);
  for (const auto& panel : board.at("panels")) {
    ASSERT_FALSE(panel.at("targets").empty()) << panel.at("title");
    for (const auto& target : panel.at("targets")) EXPECT_NE(target.at("expr"), "");
  }
}

}  // namespace
}  // namespace millrace::http
