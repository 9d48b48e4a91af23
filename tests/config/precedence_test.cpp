// Later sources override earlier ones: defaults, include, file, environment, --set, flag. Each key
// records the source that set it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/config/config_fixture.hpp"

namespace millrace::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Files files{{"f", "include = \"base\"\n[node]\nname = \"a\"\n[log]\nlevel = \"warn\"\n"},
                  {"base", "[log]\nlevel = \"debug\"\nformat = \"json\"\n"}};

TEST(Precedence, EachSourceOverridesTheOnesBefore) {
  Inputs inputs;
  EXPECT_EQ(told(resolve_text("node.name = \"a\"\n"), "log.level"), "\"info\" from default");
  EXPECT_EQ(told(resolve_files(files), "log.format"), "\"json\" from base:3");
  EXPECT_EQ(told(resolve_files(files), "log.level"), "\"warn\" from f:5");
  inputs.environment = {{"MILLRACE__LOG__LEVEL", "error"}};
  EXPECT_EQ(told(resolve_files(files, inputs), "log.level"), "\"error\" from MILLRACE__LOG__LEVEL");
  inputs.sets = {"log.level=trace"};
  EXPECT_EQ(told(resolve_files(files, inputs), "log.level"), "\"trace\" from --set log.level");
  inputs.flags = {{.name = "--log-level", .path = "log.level", .value = "info"}};
  const Resolved resolved = resolve_files(files, inputs);
  EXPECT_EQ(told(resolved, "log.level"), "\"info\" from --log-level");
  EXPECT_EQ(resolved.config.log.level, LogLevel::info);
  EXPECT_EQ(resolved.config.log.format, LogFormat::json);
  EXPECT_THAT(lines(resolved), IsEmpty());
}

TEST(Precedence, ListsOfTablesMergeByName) {
  const Resolved resolved = resolve_files(
      {{"f",
        "include = \"base\"\n[node]\nname = \"a\"\n"
        "[[queue]]\nname = \"y\"\nin_flight = 7\n[[queue]]\nname = \"z\"\n"},
       {"base",
        "[[queue]]\nname = \"x\"\n[[queue]]\nname = \"y\"\nin_flight = 5\nfailed_max = 2\n"}});
  ASSERT_THAT(lines(resolved), IsEmpty());
  ASSERT_EQ(resolved.config.queues.size(), 3U);
  EXPECT_EQ(resolved.config.queues[1].name, "y");
  EXPECT_EQ(resolved.config.queues[1].limits.in_flight, 7U);
  EXPECT_EQ(resolved.config.queues[1].limits.failed_max, 2U);
  EXPECT_EQ(resolved.config.queues[2].name, "z");
}

TEST(Precedence, ALaterIncludeOverridesAnEarlierOne) {
  const Resolved resolved =
      resolve_files({{"f", "include = [\"sub/x\", \"y\"]\nnode.name = \"a\"\n"},
                     {"sub/x", "include = \"../z\"\n[drain]\ntimeout = \"10s\"\n"},
                     {"y", "[drain]\ntimeout = \"20s\"\n"},
                     {"sub/../z", "[cluster]\nshards = 2\n"}});
  ASSERT_THAT(lines(resolved), IsEmpty());
  EXPECT_EQ(told(resolved, "drain.timeout"), "\"20s\" from y:2");
  EXPECT_EQ(resolved.config.cluster.shards, 2U);
}

TEST(Precedence, ListItemsAreAddressedByNumberAndByName) {
  Inputs inputs;
  inputs.sets = {"queue.\"orders.placed\".in_flight=9", "queue.1.name=new", "queue.new.in_flight=8",
                 "pipeline.0.name=p", "pipeline.p.stage.score.workers=3"};
  inputs.environment = {{"MILLRACE__QUEUE__0__FAILED_MAX", "1"}};
  const Resolved resolved =
      resolve_text("node.name = \"a\"\n[[queue]]\nname = \"orders.placed\"\n", inputs);
  ASSERT_THAT(lines(resolved), IsEmpty());
  ASSERT_EQ(resolved.config.queues.size(), 2U);
  EXPECT_EQ(resolved.config.queues[0].limits.in_flight, 9U);
  EXPECT_EQ(resolved.config.queues[0].limits.failed_max, 1U);
  EXPECT_EQ(resolved.config.queues[1].limits.in_flight, 8U);
  ASSERT_EQ(resolved.config.pipelines.size(), 1U);
  EXPECT_EQ(resolved.config.pipelines[0].options[0].workers, 3U);
}

TEST(Precedence, ValuesFromOutsideAreConvertedToTheTypeOfTheirKey) {
  Inputs inputs;
  inputs.environment = {{"MILLRACE__NODE__ROLES", "x,y"},
                        {"MILLRACE__JOURNAL__DIRECT", "false"},
                        {"millrace_url", "not ours"},
                        {"MILLRACE__CAF__SCHEDULER__MAX_THROUGHPUT", "50"},
                        {"MILLRACE__MEMBERSHIP__PHI_THRESHOLD", "9.5"}};
  inputs.sets = {"node.data_dir=a=b"};
  const Resolved resolved = resolve_text("node.name = \"a\"\n", inputs);
  ASSERT_THAT(lines(resolved), IsEmpty());
  EXPECT_THAT(resolved.config.node.roles, ElementsAre("x", "y"));
  EXPECT_EQ(resolved.config.node.data_dir, "a=b");
  EXPECT_FALSE(resolved.config.journal.direct);
  EXPECT_EQ(resolved.config.membership.phi_threshold, 9.5);
  EXPECT_EQ(resolved.config.caf.max_throughput, 50U);
}

TEST(Precedence, ErrorsFromOutsideNameTheirSource) {
  Inputs inputs;
  inputs.environment = {{"MILLRACE__LOG__LEVLE", "info"},
                        {"MILLRACE__LOG____LEVEL", "info"},
                        {"MILLRACE__CLUSTER__SHARDS", "many"},
                        {"MILLRACE__NODE__NAME", "\xff"}};
  inputs.sets = {"log", "log=x", "queue.7.name=q", "log.level.deep=x", "include=x", "=x"};
  EXPECT_THAT(
      lines(resolve_text("node.name = \"a\"\n", inputs)),
      ElementsAre(
          "--set : error: path: expected key=value, got \"=x\"",
          "--set include: error: include: expected a key that may be given outside of files, got "
          "include",
          "--set log: error: path: expected key=value, got \"log\"",
          "--set log: error: log: expected the path of a key, got that of a table",
          "--set log.level.deep: error: log.level: expected a value, got a path that goes on",
          "--set queue.7.name: error: queue.7: expected the name of an item, or a number from 0 to "
          "0, got \"7\"",
          "MILLRACE__CLUSTER__SHARDS: error: cluster.shards: expected an integer from 1 to 1024, "
          "got \"many\"",
          "MILLRACE__LOG__LEVLE: error: log.levle: expected a known key, got an unknown one; did "
          "you mean log.level?",
          "MILLRACE__LOG____LEVEL: error: name: expected MILLRACE__ and a key with __ for its "
          "dots, "
          "got a gap",
          "MILLRACE__NODE__NAME: error: value: expected UTF-8, got other bytes"));
}

TEST(Precedence, ANodeListensAtItsAddressInClusterNodes) {
  const std::string nodes =
      "[[cluster.nodes]]\nname = \"a\"\naddress = \"127.0.0.1:1\"\nhttp = \"127.0.0.1:2\"\n"
      "roles = [\"x\"]\n";
  const Resolved resolved = resolve_text("node.name = \"a\"\n" + nodes);
  ASSERT_THAT(lines(resolved), IsEmpty());
  EXPECT_EQ(told(resolved, "listen.cluster"), "\"127.0.0.1:1\" from f:4");
  EXPECT_EQ(resolved.config.listen.http, "127.0.0.1:2");
  EXPECT_THAT(resolved.config.node.roles, ElementsAre("x"));
  const Resolved one = resolve_text(
      "node.name = \"a\"\n[[cluster.nodes]]\nname = \"a\"\naddress = \"127.0.0.1:1\"\nroles = "
      "\"x\"\n");
  ASSERT_THAT(lines(one), IsEmpty());
  EXPECT_THAT(one.config.node.roles, ElementsAre("x")) << "a single value needs no brackets";
  const Resolved other =
      resolve_text("node.name = \"a\"\nlisten.cluster = \"127.0.0.1:0\"\n" + nodes);
  ASSERT_THAT(lines(other), IsEmpty());
  EXPECT_EQ(other.config.listen.cluster, "127.0.0.1:0");
}

}  // namespace
}  // namespace millrace::config
