// An error in one key gives exactly one line: position, key, expected value and actual value. Each
// row of the table is a configuration and its line.
#include "tests/config/mistake.hpp"

namespace millrace::config {
namespace {

class MistakenKey : public MistakeTest {};

TEST_P(MistakenKey, GivesOneLineWithItsPosition) {
  expect_its_line();
}

constexpr Mistake mistaken_keys[] = {
    {"NodeWithoutName", "",
     "f:1:1: error: node.name: expected a name (1 to 100 of [a-z0-9._-]), or \"*\", got nothing"},
    {"NameOfWrongType", "node.name = 3\n",
     "f:1:13: error: node.name: expected a name (1 to 100 of [a-z0-9._-]), or \"*\", got 3"},
    {"NameWithBadCharacters", "node.name = \"Node A\"\n",
     "f:1:13: error: node.name: expected a name (1 to 100 of [a-z0-9._-]), or \"*\", got \"Node "
     "A\""},
    {"NameThatIsTooLong",
     "node.name = "
     "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaa\"\n",
     "f:1:13: error: node.name: expected a name (1 to 100 of [a-z0-9._-]), or \"*\", got "
     "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" and more"},
    {"UnknownKeyInTable",
     "[node]\n"
     "name = \"a\"\n"
     "[log]\n"
     "levle = \"info\"\n",
     "f:4:1: error: log.levle: expected a known key, got an unknown one; did you mean log.level?"},
    {"UnknownTable",
     "[node]\n"
     "name = \"a\"\n"
     "[jurnal]\n"
     "segment = \"32MiB\"\n",
     "f:3:2: error: jurnal: expected a known key, got an unknown one; did you mean journal?"},
    {"KeyOfAnotherTable",
     "[node]\n"
     "name = \"a\"\n"
     "shards = 4\n",
     "f:3:1: error: node.shards: expected a known key, got an unknown one; did you mean "
     "cluster.shards?"},
    {"KeyLikeNothing",
     "[node]\n"
     "name = \"a\"\n"
     "[drain]\n"
     "zzzzzzzzzzzz = 1\n",
     "f:4:1: error: drain.zzzzzzzzzzzz: expected a known key, got an unknown one; known here: "
     "timeout"},
    {"TableWhereValueIsWanted",
     "[node]\n"
     "name = \"a\"\n"
     "[log.level]\n"
     "x = 1\n",
     "f:3:1: error: log.level: expected one of \"trace\", \"debug\", \"info\", \"warn\", "
     "\"error\", got a table"},
    {"ValueWhereTableIsWanted",
     "log = \"info\"\n"
     "[node]\n"
     "name = \"a\"\n",
     "f:1:7: error: log: expected a table, got \"info\""},
    {"ListWhereTableIsWanted",
     "[node]\n"
     "name = \"a\"\n"
     "[[log]]\n"
     "level = \"info\"\n",
     "f:3:1: error: log: expected a table, got a list"},
    {"TableWhereListIsWanted",
     "[node]\n"
     "name = \"a\"\n"
     "[queue]\n"
     "name = \"q\"\n",
     "f:3:1: error: queue: expected tables, written [[queue]], got a table"},
    {"TableInsideAnother",
     "[node]\n"
     "name = \"a\"\n"
     "log.level = \"info\"\n",
     "f:3:1: error: node.log: expected a known key, got an unknown one; did you mean log?"},
    {"ChoiceThatIsNone",
     "[node]\n"
     "name = \"a\"\n"
     "[log]\n"
     "level = \"loud\"\n",
     "f:4:9: error: log.level: expected one of \"trace\", \"debug\", \"info\", \"warn\", "
     "\"error\", got \"loud\""},
    {"WordInCapitals",
     "[node]\n"
     "name = \"a\"\n"
     "[log]\n"
     "level = \"INFO\"\n",
     "f:4:9: error: log.level: expected one of \"trace\", \"debug\", \"info\", \"warn\", "
     "\"error\", got \"INFO\""},
    {"DurationWithoutUnit",
     "[node]\n"
     "name = \"a\"\n"
     "[drain]\n"
     "timeout = 30\n",
     "f:4:11: error: drain.timeout: expected a duration from \"1s\" to \"1h\", got 30, which has "
     "no unit"},
    {"DurationOfUnknownUnit",
     "[node]\n"
     "name = \"a\"\n"
     "[drain]\n"
     "timeout = \"30 s\"\n",
     "f:4:11: error: drain.timeout: expected a duration from \"1s\" to \"1h\", got \"30 s\""},
    {"DurationOutOfRange",
     "[node]\n"
     "name = \"a\"\n"
     "[drain]\n"
     "timeout = \"2d\"\n",
     "f:4:11: error: drain.timeout: expected a duration from \"1s\" to \"1h\", got \"2d\""},
    {"DurationThatIsNegative",
     "[node]\n"
     "name = \"a\"\n"
     "[drain]\n"
     "timeout = \"-1s\"\n",
     "f:4:11: error: drain.timeout: expected a duration from \"1s\" to \"1h\", got \"-1s\""},
    {"DurationBeyondNumbers",
     "[node]\n"
     "name = \"a\"\n"
     "[drain]\n"
     "timeout = \"99999999999999999d\"\n",
     "f:4:11: error: drain.timeout: expected a duration from \"1s\" to \"1h\", got "
     "\"99999999999999999d\""},
    {"SizeWithoutUnit",
     "[node]\n"
     "name = \"a\"\n"
     "[journal]\n"
     "segment = 33554432\n",
     "f:4:11: error: journal.segment: expected a size from \"32MiB\" to \"1GiB\", a multiple of "
     "\"4KiB\", got 33554432, which has no unit"},
    {"SizeOfDecimalUnit",
     "[node]\n"
     "name = \"a\"\n"
     "[journal]\n"
     "segment = \"32MB\"\n",
     "f:4:11: error: journal.segment: expected a size from \"32MiB\" to \"1GiB\", a multiple of "
     "\"4KiB\", got \"32MB\""},
    {"SizeOffItsStep",
     "[node]\n"
     "name = \"a\"\n"
     "[journal]\n"
     "segment = \"100001B\"\n",
     "f:4:11: error: journal.segment: expected a size from \"32MiB\" to \"1GiB\", a multiple of "
     "\"4KiB\", got \"100001B\""},
    {"IntegerOutOfRange",
     "[node]\n"
     "name = \"a\"\n"
     "[cluster]\n"
     "shards = 0\n",
     "f:4:10: error: cluster.shards: expected an integer from 1 to 1024, got 0"},
    {"IntegerThatIsADecimal",
     "[node]\n"
     "name = \"a\"\n"
     "[cluster]\n"
     "shards = 1.5\n",
     "f:4:10: error: cluster.shards: expected an integer from 1 to 1024, got 1.5"},
    {"IntegerThatIsText",
     "[node]\n"
     "name = \"a\"\n"
     "[cluster]\n"
     "shards = \"16\"\n",
     "f:4:10: error: cluster.shards: expected an integer from 1 to 1024, got \"16\""},
    {"DecimalOutOfRange",
     "[node]\n"
     "name = \"a\"\n"
     "[membership]\n"
     "phi_threshold = 0.5\n",
     "f:4:17: error: membership.phi_threshold: expected a number from 1 to 20, got 0.5"},
    {"DecimalThatIsNotFinite",
     "[node]\n"
     "name = \"a\"\n"
     "[membership]\n"
     "phi_threshold = nan\n",
     "f:4:17: error: membership.phi_threshold: expected a number from 1 to 20, got nan"},
    {"BooleanThatIsText",
     "[node]\n"
     "name = \"a\"\n"
     "[journal]\n"
     "direct = \"yes\"\n",
     "f:4:10: error: journal.direct: expected true or false, got \"yes\""},
    {"DateWhereTextIsWanted", "node.name = 2026-01-01\n",
     "f:1:13: error: node.name: expected a name (1 to 100 of [a-z0-9._-]), or \"*\", got a date or "
     "time"},
    {"AddressWithoutPort",
     "[node]\n"
     "name = \"a\"\n"
     "[listen]\n"
     "cluster = \"localhost\"\n",
     "f:4:11: error: listen.cluster: expected an address \"host:port\", got \"localhost\""},
    {"AddressWithPortTooHigh",
     "[node]\n"
     "name = \"a\"\n"
     "[listen]\n"
     "http = \"127.0.0.1:65536\"\n",
     "f:4:8: error: listen.http: expected an address \"host:port\", got \"127.0.0.1:65536\""},
    {"ListOfRolesWithBadName",
     "[node]\n"
     "name = \"a\"\n"
     "roles = [\"worker\", \"Boss\"]\n",
     "f:3:9: error: node.roles: expected a list of names (1 to 100 of [a-z0-9._-] each), got "
     "[\"worker\", \"Boss\"]"},
    {"EmptyPath",
     "[node]\n"
     "name = \"a\"\n"
     "data_dir = \"\"\n",
     "f:3:12: error: node.data_dir: expected a path, got \"\""},
    {"CafKeyThatIsNotKnown",
     "[node]\n"
     "name = \"a\"\n"
     "[caf.scheduler]\n"
     "max-threads = 4\n",
     "f:4:1: error: caf.scheduler.max-threads: expected a known key, got an unknown one; known "
     "here: policy, max-throughput"},
    {"CafKeyOfItsOwnProtocol",
     "[node]\n"
     "name = \"a\"\n"
     "[caf.middleman]\n"
     "heartbeat-interval = \"1s\"\n",
     "f:4:1: error: caf.middleman.heartbeat-interval: expected a known key, got an unknown one; "
     "known here: max-consecutive-reads"},
    {"RunBytesOutOfRange",
     "[node]\n"
     "name = \"a\"\n"
     "[[queue]]\n"
     "name = \"q\"\n"
     "run_bytes = \"65MiB\"\n",
     "f:5:13: error: queue.0.run_bytes: expected a size from \"1KiB\" to \"64MiB\", got \"65MiB\""},
    {"UnquotedText",
     "[node]\n"
     "name = \"a\"\n"
     "[log]\n"
     "level = info\n",
     "f:4:12: error: syntax: expected TOML, got: Error while parsing floating-point: expected "
     "value-terminator, saw 'o'; text is written in quotes"},
    {"KeyTwice",
     "[node]\n"
     "name = \"a\"\n"
     "name = \"b\"\n",
     "f:3:8: error: syntax: expected TOML, got: Error while parsing key-value pair: cannot "
     "redefine existing string 'name'"},
    {"HeaderWithoutEnd",
     "[node\n"
     "name = \"a\"\n",
     "f:1:6: error: syntax: expected TOML, got: Error while parsing table header: expected ']', "
     "saw '\\n'"},
    {"IncludeOfWrongType",
     "include = 3\n"
     "[node]\n"
     "name = \"a\"\n",
     "f:1:11: error: include: expected a path, or a list of them, got 3"},
    {"IncludeThatIsNotThere",
     "include = [\"x.toml\"]\n"
     "[node]\n"
     "name = \"a\"\n",
     "f:1:12: error: include: expected a readable file, got \"x.toml\": No such file or directory"},
    {"IncludeOfItself",
     "include = \"f\"\n"
     "[node]\n"
     "name = \"a\"\n",
     "f:1:11: error: include: expected no cycle, got f -> f"},
};

INSTANTIATE_TEST_SUITE_P(Config, MistakenKey, testing::ValuesIn(mistaken_keys), name_of);

}  // namespace
}  // namespace millrace::config
