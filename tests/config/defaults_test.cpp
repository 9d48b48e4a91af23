// The defaults in the table of keys equal those of the code. The file of all defaults loads,
// unchanged and with every key uncommented. docs/config.md is up to date, and all files of configs/
// load.
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/config/file/load.hpp"
#include "cluster/config/file/print.hpp"
#include "cluster/config/keys/key_table.hpp"
#include "cluster/config/read/parse_value.hpp"
#include "tests/config/config_fixture.hpp"

namespace millrace::config {
namespace {

using testing::IsEmpty;

const std::filesystem::path tree = MILLRACE_SOURCE_DIR;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Uncomments "#key = value" and "#[table]"; "# words" stays a comment.
std::string commented_in(const std::string& text) {
  return std::regex_replace(text, std::regex("(^|\n)#([^ \n])"), "$1$2");
}

TEST(Defaults, EqualThoseOfQueuesAndTheJournal) {
  const Resolved resolved = resolve_text("node.name = \"a\"\n[[queue]]\nname = \"q\"\n");
  ASSERT_THAT(lines(resolved), IsEmpty());
  const queues::Limits limits;
  const queues::Limits& told_limits = resolved.config.queues.at(0).limits;
  EXPECT_EQ(told_limits.backlog_messages, limits.backlog_messages);
  EXPECT_EQ(told_limits.backlog_bytes, limits.backlog_bytes);
  EXPECT_EQ(told_limits.high_water_percent, limits.high_water_percent);
  EXPECT_EQ(told_limits.low_water_percent, limits.low_water_percent);
  EXPECT_EQ(told_limits.in_flight, limits.in_flight);
  EXPECT_EQ(told_limits.in_flight_bytes, limits.in_flight_bytes);
  EXPECT_EQ(told_limits.run_messages, limits.run_messages);
  EXPECT_EQ(told_limits.run_bytes, limits.run_bytes);
  EXPECT_EQ(told_limits.lease_us, limits.lease_us);
  EXPECT_EQ(told_limits.failed_max, limits.failed_max);
  EXPECT_EQ(told_limits.acquired_max, limits.acquired_max);
  EXPECT_EQ(told_limits.retry_first_us, limits.retry_first_us);
  EXPECT_EQ(told_limits.retry_max_us, limits.retry_max_us);
  EXPECT_EQ(told_limits.body_cache_bytes, limits.body_cache_bytes);
  EXPECT_EQ(told_limits.idempotency_keys, limits.idempotency_keys);
  EXPECT_EQ(told_limits.idempotency_window_us, limits.idempotency_window_us);
  EXPECT_EQ(told_limits.producer_idle_us, limits.producer_idle_us);
  const journal::Options options;
  const journal::Options& told_options = resolved.config.journal;
  EXPECT_EQ(told_options.segment_bytes, options.segment_bytes);
  EXPECT_EQ(told_options.groups_max, options.groups_max);
  EXPECT_EQ(told_options.group_bytes_max, options.group_bytes_max);
  EXPECT_EQ(told_options.record_bytes_max, options.record_bytes_max);
  EXPECT_EQ(told_options.reserve_segments, options.reserve_segments);
  EXPECT_EQ(told_options.ready_segments_max, options.ready_segments_max);
  EXPECT_EQ(told_options.free_bytes_min, options.free_bytes_min);
  EXPECT_EQ(told_options.idle_mark_after, options.idle_mark_after);
  EXPECT_EQ(told_options.allocate_retry, options.allocate_retry);
  EXPECT_EQ(told_options.direct, options.direct);
}

TEST(Defaults, EveryKeyHasAValidDefaultOrExample) {
  for (const Key& key : key_table().keys) {
    const std::string_view text = key.fallback.empty() ? key.example : key.fallback;
    ASSERT_FALSE(text.empty()) << key.path;
    EXPECT_TRUE(std::holds_alternative<Value>(parse_value(key, node_of_toml(text)))) << key.path;
    EXPECT_TRUE(key.doc.ends_with('.')) << key.path;
    EXPECT_LE(key.min, key.max) << key.path;
  }
}

TEST(Defaults, TheDefaultsFileLoadsAndChangesNothing) {
  const Resolved resolved = resolve_text(defaults_file());
  ASSERT_THAT(lines(resolved), IsEmpty());
  const Resolved plain = resolve_text("node.name = \"a\"\n");
  ASSERT_EQ(resolved.settings.size(), plain.settings.size());
  for (const Setting& setting : plain.settings) {
    ASSERT_NE(resolved.find(setting.path), nullptr) << setting.path;
    EXPECT_EQ(resolved.find(setting.path)->value, setting.value) << setting.path;
  }
}

TEST(Defaults, TheDefaultsFileLoadsWithEveryKeyUncommented) {
  const Resolved resolved =
      resolve_files({{"f", commented_in(defaults_file())}, {"common.toml", ""}});
  ASSERT_THAT(lines(resolved), IsEmpty());
  // All keys except `include`, which is not a setting.
  EXPECT_EQ(resolved.settings.size(), key_table().keys.size() - 1);
}

TEST(Defaults, TheReferencePageIsUpToDate) {
  EXPECT_EQ(content_of(tree / "docs/config.md"), reference_page())
      << "run: millrace config print-defaults --markdown > docs/config.md";
}

TEST(Defaults, EveryFileOfConfigsLoads) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(tree);  // paths in them are relative to the root of the tree
  std::size_t nodes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tree / "configs")) {
    if (entry.path().extension() != ".toml" || entry.path().filename() == "cluster.toml") continue;
    const Resolved resolved = load({.file = entry.path().string()}, 0);
    EXPECT_THAT(lines(resolved), IsEmpty()) << entry.path();
    const std::size_t members = resolved.config.cluster.nodes.size();
    const std::string folder = entry.path().parent_path().filename().string();
    EXPECT_EQ(members, folder.starts_with("three-") ? 3U : folder == "five-nodes" ? 5U : 0U);
    ++nodes;
  }
  std::filesystem::current_path(before);
  EXPECT_EQ(nodes, 17U);
}

}  // namespace
}  // namespace millrace::config
