// A remote run passes if the nodes keep their promises despite failed requests, and reports each
// violation that the HTTP API can show. The nodes are an in-memory fake.
#include "apps/simulate/remote/remote.hpp"

#include <map>
#include <mutex>
#include <set>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/report/verdict.hpp"
#include "apps/simulate/simulate.hpp"

namespace millrace::simulate {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

constexpr std::uint64_t order_count = 60;
constexpr std::uint64_t spoilt = 7;  ///< a valid order of this seed; the faults affect it

/// Faults of the nodes.
struct Faults {
  std::set<std::size_t> silent{};  ///< nodes that never answer
  int refusals = 0;                ///< offers that fail first, with each retryable error in turn
  bool refuses_all = false;
  bool loses = false;           ///< the spoilt order is missing at the final read
  bool skips = false;           ///< its history lacks a status
  bool overcharges = false;     ///< its invoice is wrong
  bool stays = false;           ///< the spoilt order stays PAYING
  bool mixes_up = false;        ///< its answer has another order_id
  bool talks_nonsense = false;  ///< its history has an invalid time
};

class FakeCluster {
 public:
  FakeCluster(const Options& load, Faults faults)
      : plan_(load_options(load)), faults_(std::move(faults)) {}

  [[nodiscard]] bool is_silent(std::size_t node) const { return faults_.silent.contains(node); }

  Result<Json> take(const std::string& body) {
    const std::lock_guard lock(mutex_);
    static constexpr ErrorCode reasons[] = {ErrorCode::backlog_full, ErrorCode::draining,
                                            ErrorCode::timeout, ErrorCode::unreachable};
    if (faults_.refuses_all) return Error{ErrorCode::invalid_argument, "body: not like this"};
    if (faults_.refusals-- > 0) return Error{reasons[faults_.refusals % 4], "not now"};
    const Json order = Json::parse(body);
    orders_[order.at("order_id")] = order;
    return Json::object();
  }

  Result<Json> show(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto found = orders_.find(id);
    const std::uint64_t number = std::stoull(id.substr(id.find("-o") + 2));
    const bool is_spoilt = number == spoilt;
    if (found == orders_.end() || (is_spoilt && faults_.loses && ++looks_ > 1)) {
      return Error{ErrorCode::not_found, "there is no order " + id};
    }
    return answer(found->second, plan_.is_valid(number), is_spoilt);
  }

 private:
  [[nodiscard]] Json answer(Json order, bool is_valid, bool is_spoilt) const {
    std::vector<std::string> path{"PLACED", "REJECTED"};
    if (is_valid)
      path = {"PLACED", "RESERVING", "RESERVED", "PAYING", "PAID", "SHIPPING", "SHIPPED"};
    if (!is_valid) order.erase("lines");
    if (!is_valid) order.erase("freight_minor");
    order["invoice_minor"] = is_valid ? order["total_minor"] : Json("0");
    if (is_spoilt && faults_.skips) path.erase(path.begin() + 3);
    if (is_spoilt && faults_.overcharges) order["invoice_minor"] = "1";
    if (is_spoilt && faults_.mixes_up) order["order_id"] = "another";
    if (is_spoilt && faults_.stays) path.resize(4);
    order["status"] = path.back();
    for (const std::string& status : path) {
      Json entry{{"status", status}, {"at", "2026-01-31T12:00:00.000001Z"}, {"event", 1}};
      if (is_spoilt && faults_.talks_nonsense) entry["at"] = "noon";
      order["history"].push_back(std::move(entry));
    }
    return order;
  }

  std::mutex mutex_;
  const orders::LoadPlan plan_;
  Faults faults_;
  std::map<std::string, Json> orders_;
  int looks_ = 0;
};

class FakeNode final : public NodeClient {
 public:
  FakeNode(FakeCluster& cluster, std::size_t node) : cluster_(cluster), node_(node) {}

  Result<Json> get(const std::string& path) override {
    if (cluster_.is_silent(node_)) return silent();
    const std::string prefix = "/api/v1/orders/";
    return path.starts_with(prefix) ? cluster_.show(path.substr(prefix.size())) : Json::object();
  }
  Result<Json> post(const std::string& /*path*/, const std::string& json,
                    const std::string& /*idempotency_key*/) override {
    return cluster_.is_silent(node_) ? silent() : cluster_.take(json);
  }

 private:
  static Result<Json> silent() { return Error{ErrorCode::unreachable, "nobody is there"}; }

  FakeCluster& cluster_;
  std::size_t node_;
};

Result<report::RunReport> run(const Faults& faults) {
  Options load;
  load.orders = order_count;
  load.seed = 1;
  EXPECT_TRUE(complete(load));
  FakeCluster cluster(load, faults);
  RemoteOptions options{.load = load, .servers = {"one", "two"}};
  options.timeout = std::chrono::seconds(1);
  options.connect = [&cluster](std::size_t node) {
    return std::make_unique<FakeNode>(cluster, node);
  };
  return simulate_remote(options);
}

/// Verdict of a run with `faults`, which must fail.
std::string broken(const Faults& faults) {
  const auto report = run(faults);
  if (!report) return "no report: " + report.error().message;
  EXPECT_FALSE(passed(*report));
  return report::verdict_text(*report, {});
}

TEST(RemoteRun, PassesWithoutFaults) {
  const auto report = run({});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(passed(*report)) << report::verdict_text(*report, {});
  EXPECT_EQ(report->orders_offered, order_count);
  EXPECT_EQ(report->orders_accounted, order_count);
  EXPECT_TRUE(report->ledger.empty()) << "the HTTP API provides no ledger";
}

TEST(RemoteRun, RetriesAnOfferUntilItIsConfirmed) {
  const auto report = run({.refusals = 20});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(passed(*report)) << report::verdict_text(*report, {});
}

TEST(RemoteRun, UsesANodeThatAnswers) {
  const auto report = run({.silent = {0}});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(passed(*report)) << report::verdict_text(*report, {});
}

TEST(RemoteRun, FailsAsUnreachableIfNoNodeAnswers) {
  const auto report = run({.silent = {0, 1}});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::unreachable);
  EXPECT_THAT(report.error().message, HasSubstr("one two"));
}

TEST(RemoteRun, EndsAtAFinalError) {
  const auto report = run({.refuses_all = true});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::invalid_argument);
}

TEST(RemoteRun, ReportsAMissingConfirmedOrder) {
  const std::string verdict = broken({.loses = true});
  EXPECT_THAT(verdict, HasSubstr("lost 1 "));
  EXPECT_THAT(verdict, HasSubstr("broken   I9"));
}

TEST(RemoteRun, ReportsAnOrderThatDoesNotEnd) {
  const std::string verdict = broken({.stays = true});
  EXPECT_THAT(verdict, HasSubstr("nothing moved for 1 s"));
  EXPECT_THAT(verdict, HasSubstr("-o7 stays PAYING"));
}

TEST(RemoteRun, ReportsAHistoryThatIsNotAPath) {
  EXPECT_THAT(broken({.skips = true}), HasSubstr("-o7 went from RESERVED to PAID"));
}

TEST(RemoteRun, ReportsAWrongInvoice) {
  EXPECT_THAT(broken({.overcharges = true}), HasSubstr("broken   I5"));
}

TEST(RemoteRun, ReportsAnInvalidAnswer) {
  EXPECT_THAT(broken({.mixes_up = true}), HasSubstr("-o7: the answer has another order_id"));
  EXPECT_THAT(broken({.talks_nonsense = true}), HasSubstr("noon"));
}

}  // namespace
}  // namespace millrace::simulate
