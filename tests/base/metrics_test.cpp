// Promise: a program's metrics are counted from any thread, appear in the text of Prometheus, and are
// refused with a sentence where they would clash or fill memory.
#include "actors/metrics/metrics.hpp"

#include <cmath>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace millrace {
namespace {

template <class T>
std::string error_of(const Result<T>& result) {
  if (result) return "";
  EXPECT_NE(result.error().message.find("metric"), std::string::npos) << "says what";
  return std::string(to_string(result.error().code));
}

TEST(Metrics, ShowCountersGaugesAndHistograms) {
  Metrics metrics;
  const auto counter = metrics.counter("shop_parcels_total", "Parcels.", {{"to", "\"north\""}});
  ASSERT_TRUE(counter);
  counter->add();
  counter->add(2);
  counter->add(-5);  // a counter only grows
  metrics.counter("shop_parcels_total", "Parcels.", {{"to", "south"}})->add();
  const auto gauge = metrics.gauge("shop_stock", "Books in stock.");
  gauge->set(7);
  gauge->add(-2);
  const auto histogram = metrics.histogram("shop_cents", "Prices.", {100, 1000});
  histogram->observe(100);
  histogram->observe(5000);
  const std::string text = metrics.text();
  for (const char* line :
       {"# HELP shop_parcels_total Parcels.\n", "# TYPE shop_parcels_total counter\n",
        "shop_parcels_total{to=\"\\\"north\\\"\"} 3\n", "shop_parcels_total{to=\"south\"} 1\n",
        "shop_stock 5\n", "shop_cents_bucket{le=\"100\"} 1\n", "shop_cents_bucket{le=\"+Inf\"} 2\n",
        "shop_cents_sum 5100\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "in\n" << text;
  }
}

TEST(Metrics, AreOneSeriesForEqualLabelsFromAllThreads) {
  auto metrics = std::make_unique<Metrics>();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) metrics->counter("calls_total", "Calls.")->add();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_NE(metrics->text().find("calls_total 4000\n"), std::string::npos) << metrics->text();
  const auto handle = metrics->counter("calls_total", "Calls.");
  metrics.reset();
  handle->add();  // of a program that still runs handlers
}

TEST(Metrics, RefuseNamesThatClash) {
  Metrics metrics;
  ASSERT_TRUE(metrics.counter("a_total", "A."));
  ASSERT_TRUE(metrics.histogram("h", "H.", {1, 2}));
  const std::string invalid = "invalid_argument";
  EXPECT_EQ(error_of(metrics.gauge("a_total", "A.")), invalid) << "another kind";
  EXPECT_EQ(error_of(metrics.counter("a_total", "B.")), invalid) << "another help";
  EXPECT_EQ(error_of(metrics.histogram("h", "H.", {1, 3})), invalid) << "other bounds";
  EXPECT_EQ(error_of(metrics.counter("millrace_queue_x", "X.")), invalid) << "of the node";
  EXPECT_EQ(error_of(metrics.gauge("process_open_fds", "X.")), invalid);
  for (const char* name : {"", "1a", "a-b", "a b", "\xc3\xa4"}) {
    EXPECT_EQ(error_of(metrics.counter(name, "X.")), invalid) << name;
  }
  for (const char* label : {"", "a:b", "a-b", "__name"}) {
    EXPECT_EQ(error_of(metrics.counter("b_total", "B.", {{label, "x"}})), invalid) << label;
  }
  EXPECT_EQ(error_of(metrics.histogram("i", "I.", {1}, {{"le", "x"}})), invalid);
  for (const std::vector<double>& bounds :
       {std::vector<double>{}, {1, 1}, {2, 1}, {1, INFINITY}, {NAN}, std::vector<double>(101, 0)}) {
    EXPECT_EQ(error_of(metrics.histogram("i", "I.", bounds)), invalid);
  }
  EXPECT_EQ(metrics.text().find("millrace_"), std::string::npos);
}

TEST(Metrics, HaveABound) {
  Metrics metrics;
  for (std::size_t i = 0; i < Metrics::series_max; ++i) {
    ASSERT_TRUE(metrics.counter("a_total", "A.", {{"customer", std::to_string(i)}}));
  }
  EXPECT_EQ(error_of(metrics.counter("a_total", "A.", {{"customer", "x"}})), "too_large");
  EXPECT_EQ(error_of(metrics.gauge("b", "B.")), "too_large");
  EXPECT_TRUE(metrics.counter("a_total", "A.", {{"customer", "7"}})) << "it is there";
}

}  // namespace
}  // namespace millrace
