// All errors of all files and other sources are reported at once, ordered by position. Errors that
// are only consequences of another error are left out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/config/config_fixture.hpp"

namespace millrace::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

TEST(AllAtOnce, ErrorsOfAllFilesAreListedInOrder) {
  Inputs inputs;
  inputs.sets = {"drain.timeout=1"};
  const Resolved resolved = resolve_files(
      {{"f", "include = \"base\"\nnode.name = \"a\"\n[listen]\nhttp = \"0.0.0.0:1\"\nhtpp = 1\n"},
       {"base", "[log]\nlevel = \"loud\"\n[cluster]\nshards = -1\n"}},
      inputs);
  EXPECT_THAT(lines(resolved), ElementsAre(StartsWith("--set drain.timeout: error: drain.timeout:"),
                                           StartsWith("base:2:9: error: log.level:"),
                                           StartsWith("base:4:10: error: cluster.shards:"),
                                           StartsWith("f:4:8: error: listen.http:"),
                                           StartsWith("f:5:1: error: listen.htpp:")));
}

TEST(AllAtOnce, AFileThatIsNotTomlDoesNotHideErrorsOfOthers) {
  const Resolved resolved =
      resolve_files({{"f", "include = [\"x\", \"y\", \"z\"]\n[log]\nlevel = \"loud\"\n"},
                     {"x", "[log\n"},
                     {"y", "= 3\n"}});
  EXPECT_THAT(
      lines(resolved),
      ElementsAre(StartsWith("f:1:22: error: include:"), StartsWith("f:3:9: error: log.level:"),
                  StartsWith("x:1:5: error: syntax:"), StartsWith("y:1:1: error: syntax:")));
}

TEST(AllAtOnce, ConsequencesOfAnotherErrorAreLeftOut) {
  EXPECT_THAT(lines(resolve_text("node.name = \"b\"\n[[cluster.nodes]]\nname = \"B\"\n"
                                 "address = \"127.0.0.1:1\"\n")),
              ElementsAre(HasSubstr("cluster.nodes.0.name")));
  EXPECT_THAT(lines(resolve_text("node.name = \"b\"\n[listen]\nhttp = \"10.0.0.1:1\"\n"
                                 "[http]\ntoken_file = 3\n")),
              ElementsAre(HasSubstr("http.token_file")));
  EXPECT_THAT(lines(resolve_text("node.name = \"b\"\n[listen]\ncluster = \"10.0.0.1:1\"\n"
                                 "[tls]\nca = \"x\"\n")),
              SizeIs(2));
}

TEST(AllAtOnce, AnIncludeCycleNamesItsFiles) {
  EXPECT_THAT(lines(resolve_files({{"f", "include = \"d/x\"\nnode.name = \"a\"\n"},
                                   {"d/x", "include = \"./y\"\n"},
                                   {"d/./y", "include = \"../d/x\"\n"}})),
              ElementsAre("d/./y:1:11: error: include: expected no cycle, got f -> d/x -> d/y -> "
                          "d/x"));
}

TEST(AllAtOnce, IncludesAreBounded) {
  Files deep;
  for (int i = 0; i < 40; ++i) {
    deep["x" + std::to_string(i)] = "include = \"x" + std::to_string(i + 1) + "\"\n";
  }
  deep["f"] = "include = \"x0\"\nnode.name = \"a\"\n";
  EXPECT_THAT(lines(resolve_files(deep)), ElementsAre(HasSubstr("a depth of at most 16 files")));
  // Each file includes the next one ten times: without a limit, ten billion files would be read.
  Files wide;
  for (int i = 0; i < 10; ++i) {
    std::string list;
    for (int j = 0; j < 10; ++j) list += "\"y" + std::to_string(i + 1) + "\",";
    wide["y" + std::to_string(i)] = "include = [" + list + "]\n";
  }
  wide["f"] = "include = \"y0\"\nnode.name = \"a\"\n";
  EXPECT_THAT(lines(resolve_files(wide)), testing::Contains(HasSubstr("at most 64 files in all")));
}

}  // namespace
}  // namespace millrace::config
