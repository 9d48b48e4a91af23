// What the metrics promise: the names that dashboards are built on, counters that never go down,
// and a page that Prometheus' own checker finds nothing wrong with.
#include <cstdio>
#include <string>

#include <gtest/gtest.h>

#include "actors/base/clock.hpp"
#include "cluster/http/metrics/metrics_page.hpp"
#include "tests/http/fake_node_api.hpp"

namespace millrace::http {
namespace {

class Metrics : public testing::Test {
 protected:
  Metrics() {
    QueueInfo outbox = queue_called("outbox/in");
    outbox.is_outbox = true;
    api_.queue_list = {queue_called("in"), queue_called("in.dead", true), outbox};
    Member other;
    other.name = "b";
    other.state = "up";
    other.is_unreachable = true;
    api_.member_list.push_back(other);
    StageCounts stage;
    stage.pipeline = "orders";
    stage.stage = "charge";
    stage.acked = 4;
    stage.wait.counts[7] = 3;
    stage.run.counts[5] = 4;
    stage.ends_pipeline = true;
    api_.stage_list = {stage};
  }
  std::string page() { return page_.text(api_); }
  void expect(const std::string& line) {
    EXPECT_NE(page().find('\n' + line + '\n'), std::string::npos) << line << "\n" << page();
  }

  FakeNodeApi api_;
  MetricsPage page_;
};

TEST_F(Metrics, HaveTheNamesThatDashboardsAreBuiltOn) {
  expect("millrace_build_info{version=\"1.2.3\"} 1");
  expect("millrace_queue_offered_messages_total{queue=\"in\"} 3");
  expect("millrace_queue_ready_messages{queue=\"in\"} 3");
  expect("millrace_queue_leased_messages{queue=\"in\"} 0");
  expect("millrace_outbox_messages{to=\"b\"} 3");
  expect("millrace_cluster_members{state=\"up\"} 1");
  expect("millrace_cluster_members{state=\"unreachable\"} 1");
  expect("millrace_stage_messages_total{pipeline=\"orders\",stage=\"charge\",outcome=\"acked\"} 4");
  expect("millrace_stage_wait_duration_seconds_count{pipeline=\"orders\",stage=\"charge\"} 3");
  expect("millrace_stage_run_duration_seconds_count{pipeline=\"orders\",stage=\"charge\"} 4");
  expect("millrace_pipeline_end_to_end_duration_seconds_count{pipeline=\"orders\"} 0");
  expect("millrace_queue_unanswered_shards{queue=\"in\"} 0");
  expect("millrace_storage_full 0");
  expect("millrace_log_lines_dropped_total 0");
  expect("millrace_storage_free_bytes 5242880");
  for (const char* name :
       {"millrace_queue_acked_messages_total", "millrace_journal_syncs_total",
        "millrace_queue_oldest_message_age_seconds",
        "millrace_journal_append_duration_seconds_bucket",
        "millrace_journal_sync_duration_seconds_sum", "millrace_journal_bytes_total",
        "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"}) {
    EXPECT_NE(page().find(name), std::string::npos) << name;
  }
}

TEST_F(Metrics, EndWithThoseOfTheProgram) {
  api_.own_metrics = "# TYPE shop_parcels_total counter\nshop_parcels_total 3\n";
  expect("shop_parcels_total 3");
  EXPECT_TRUE(page().ends_with(api_.own_metrics));
  EXPECT_NE(page().find("millrace_build_info"), std::string::npos);
}

TEST_F(Metrics, TellWhetherRecordsBecomeDurable) {
  expect("millrace_log_reachable 1");
  expect("millrace_log_outages_total 0");
  EXPECT_EQ(page().find("millrace_seat_epoch"), std::string::npos) << "the journal has no seat";
  api_.log_stats_.is_reachable = false;
  api_.log_stats_.outages = 2;
  api_.log_stats_.has_server = true;
  api_.log_stats_.in_doubt = 3;
  api_.log_stats_.doubts = 5;
  api_.log_stats_.epoch = 7;
  api_.log_stats_.lease_left_us = -1'500'000;
  expect("millrace_log_reachable 0");
  expect("millrace_log_outages_total 2");
  expect("millrace_log_in_doubt_groups 3");
  expect("millrace_log_doubts_total 5");
  expect("millrace_seat_epoch 7");
  expect("millrace_seat_lease_left_seconds -1.5");
}

TEST_F(Metrics, TellWhatCheckpointsAndStateOnDiskCost) {
  expect("millrace_checkpoints_total 0");
  EXPECT_EQ(page().find("millrace_checkpoint_last_duration_seconds"), std::string::npos);
  EXPECT_EQ(page().find("millrace_state_"), std::string::npos) << "all keys are in memory";
  api_.upkeep_stats_.checkpoints = {.written = 2,
                                    .failed = 1,
                                    .duration_us_sum = 3'500'000,
                                    .last_duration_us = 1'500'000,
                                    .longest_duration_us = 2'000'000,
                                    .last_bytes = 8192,
                                    .last_at_us = SystemClock().steady_us()};
  api_.upkeep_stats_.has_states = true;
  api_.upkeep_stats_.states = {
      .disk_bytes = 4096, .items = 17, .lookups = 20, .misses = 3, .put_bytes = 5};
  expect("millrace_checkpoints_total 2");
  expect("millrace_checkpoint_failures_total 1");
  expect("millrace_checkpoint_seconds_total 3.5");
  expect("millrace_checkpoint_last_duration_seconds 1.5");
  expect("millrace_checkpoint_bytes 8192");
  EXPECT_NE(page().find("millrace_checkpoint_age_seconds"), std::string::npos);
  expect("millrace_state_disk_bytes 4096");
  expect("millrace_state_items 17");
  expect("millrace_state_lookups_total 20");
  expect("millrace_state_misses_total 3");
  expect("millrace_state_put_bytes_total 5");
}

TEST_F(Metrics, ShowAQueueThatDoesNotAnswerAsSuchAndNotAsEmpty) {
  api_.queue_list[0].unanswered = 2;
  expect("millrace_queue_unanswered_shards{queue=\"in\"} 2");
  EXPECT_EQ(page().find("millrace_queue_ready_messages{queue=\"in\"}"), std::string::npos);
  EXPECT_EQ(page().find("millrace_queue_leased_messages{queue=\"in\"}"), std::string::npos);
  expect("millrace_queue_unanswered_shards{queue=\"in.dead\"} 0");
  expect("millrace_queue_ready_messages{queue=\"in.dead\"} 3");
}

TEST_F(Metrics, SayThatTheDiskIsFull) {
  api_.is_storage_full = true;
  expect("millrace_storage_full 1");
}

TEST_F(Metrics, CountStepsOfTheClock) {
  expect("millrace_clock_steps_total 0");
  api_.clock_steps = 2;
  expect("millrace_clock_steps_total 2");
}

TEST_F(Metrics, TellForHowLongTheCertificatesAreValid) {
  EXPECT_EQ(page().find("millrace_certificate_days_left"), std::string::npos);
  api_.certificates_end_us = SystemClock().now_us() + 10ll * 86'400'000'000 + 3'600'000'000;
  EXPECT_NE(page().find("\nmillrace_certificate_days_left 10.0"), std::string::npos);
}

TEST_F(Metrics, TellWhichQueuesNoPipelineNames) {
  EXPECT_EQ(page().find("millrace_queue_unnamed_messages"), std::string::npos);
  api_.queue_list[0].is_unnamed = true;
  expect("millrace_queue_unnamed_messages{queue=\"in\"} 3");
}

TEST_F(Metrics, TellWhatIsPaused) {
  expect("millrace_queue_paused_shards{queue=\"in\"} 0");
  api_.queue_list[0].paused = {{.shard = 1, .key = {}}, {.shard = 1, .key = "k"}};
  expect("millrace_queue_paused_shards{queue=\"in\"} 1");
  expect("millrace_queue_paused_keys{queue=\"in\"} 1");
}

TEST_F(Metrics, TellTheStateOfBreakers) {
  StageCounts stage;
  stage.pipeline = "p";
  stage.stage = "s";
  api_.stage_list = {stage};
  EXPECT_EQ(page().find("millrace_stage_breaker_state"), std::string::npos) << "it has none";
  stage.breaker = {.phase = StageCounts::Breaker::Phase::open, .open_since_us = 1, .trips = 2};
  api_.stage_list = {stage};
  expect("millrace_stage_breaker_state{pipeline=\"p\",stage=\"s\"} 2");
  expect("millrace_stage_breaker_trips_total{pipeline=\"p\",stage=\"s\"} 2");
}

TEST_F(Metrics, CountShardsWithTwoOwners) {
  expect("millrace_conflict_shards 0");
  api_.conflict_list = {{.queue = "in", .shard = 1, .owner = "b"}};
  expect("millrace_conflict_shards 1");
}

TEST_F(Metrics, CountShardsThatNobodyServes) {
  expect("millrace_waiting_shards{for=\"operator\"} 0");
  api_.waiting_list = {{.text = "", .shards = 3, .needs_decision = true},
                       {.text = "", .shards = 2, .needs_decision = false}};
  expect("millrace_waiting_shards{for=\"operator\"} 3");
  expect("millrace_waiting_shards{for=\"nodes\"} 2");
  expect("millrace_cluster_other_layouts 0");
  api_.member_list[0].has_other_layout = true;
  expect("millrace_cluster_other_layouts 1");
}

TEST_F(Metrics, NeverShowACounterGoDown) {
  api_.queue_list[0].ledger.acked = 2;
  expect("millrace_queue_acked_messages_total{queue=\"in\"} 2");
  api_.queue_list[0].ledger.acked = 1;  // a shard did not answer in time
  expect("millrace_queue_acked_messages_total{queue=\"in\"} 2");
  api_.queue_list[0].ledger.acked = 3;
  expect("millrace_queue_acked_messages_total{queue=\"in\"} 3");
}

TEST_F(Metrics, PassPrometheusOwnCheck) {
  if (std::system("promtool --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no promtool here";
  FILE* check = ::popen("promtool check metrics", "w");
  ASSERT_NE(check, nullptr);
  const std::string text = page();
  std::fwrite(text.data(), 1, text.size(), check);
  EXPECT_EQ(::pclose(check), 0) << text;
}

}  // namespace
}  // namespace millrace::http
