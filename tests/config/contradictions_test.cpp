// Keys that contradict each other give exactly one line, at the key that has to change. Each row of
// the table is a configuration and its line.
#include "tests/config/mistake.hpp"

namespace millrace::config {
namespace {

class Contradiction : public MistakeTest {};

TEST_P(Contradiction, GivesOneLineWithItsPosition) {
  expect_its_line();
}

constexpr Mistake contradictions[] = {
    {"NodeThatIsNotInTheCluster",
     "[node]\n"
     "name = \"a\"\n"
     "[[cluster.nodes]]\n"
     "name = \"b\"\n"
     "address = \"127.0.0.1:7000\"\n"
     "[[cluster.nodes]]\n"
     "name = \"c\"\n"
     "address = \"127.0.0.1:7001\"\n",
     "f:2:8: error: node.name: expected one of cluster.nodes (\"b\", \"c\"), got \"a\""},
    {"AnyNodeOfAJournal",
     "[node]\n"
     "name = \"*\"\n",
     "f:2:8: error: node.name: expected a name, as log.engine is \"journal\", got \"*\": only with "
     "\"postgres\" may a process take any node"},
    {"AnyNodeOfAJournalWithNodes",
     "[node]\n"
     "name = \"*\"\n"
     "[[cluster.nodes]]\n"
     "name = \"b\"\n"
     "address = \"127.0.0.1:7000\"\n",
     "f:2:8: error: node.name: expected one of cluster.nodes (\"b\"), as log.engine is "
     "\"journal\", got "
     "\"*\": only with \"postgres\" may a process take any node"},
    {"AnyNodeWithoutItsRoles",
     "[node]\n"
     "name = \"*\"\n"
     "roles = [\"x\"]\n"
     "[[cluster.nodes]]\n"
     "name = \"b\"\n"
     "[log]\n"
     "engine = \"postgres\"\n",
     "f:3:9: error: node.roles: expected the roles of one of cluster.nodes (\"b\"), got [x]"},
    {"RolesWithoutNodes",
     "[node]\n"
     "name = \"*\"\n"
     "roles = [\"x\"]\n"
     "[log]\n"
     "engine = \"postgres\"\n",
     "f:3:9: error: node.roles: expected cluster.nodes to name the nodes and their roles, as this "
     "node "
     "has some, got no cluster.nodes but [x]"},
    {"AddressThatNobodyCanDial",
     "[node]\n"
     "name = \"*\"\n"
     "[listen]\n"
     "cluster = \"0.0.0.0:7000\"\n"
     "[tls]\n"
     "ca = \"ca\"\n"
     "certificate = \"crt\"\n"
     "key = \"key\"\n"
     "[log]\n"
     "engine = \"postgres\"\n",
     "f:4:11: error: listen.advertise: expected an address at which other nodes reach this one, as "
     "listen.cluster is \"0.0.0.0:7000\", got nothing"},
    {"NodeNameTwice",
     "[node]\n"
     "name = \"a\"\n"
     "[[cluster.nodes]]\n"
     "name = \"a\"\n"
     "address = \"127.0.0.1:7000\"\n"
     "[[cluster.nodes]]\n"
     "name = \"b\"\n"
     "address = \"127.0.0.1:7001\"\n"
     "[[cluster.nodes]]\n"
     "name = \"b\"\n"
     "address = \"127.0.0.1:7002\"\n",
     "f:10:8: error: cluster.nodes.2.name: expected a name of its own, got \"b\", which "
     "cluster.nodes.1 has"},
    {"AddressTwice",
     "[node]\n"
     "name = \"a\"\n"
     "[[cluster.nodes]]\n"
     "name = \"a\"\n"
     "address = \"127.0.0.1:7000\"\n"
     "http = \"127.0.0.1:7000\"\n",
     "f:6:8: error: cluster.nodes.0.http: expected an address of its own, got \"127.0.0.1:7000\", "
     "which is cluster.nodes.0.address too"},
    {"AddressWithPortZero",
     "[node]\n"
     "name = \"a\"\n"
     "[[cluster.nodes]]\n"
     "name = \"a\"\n"
     "address = \"127.0.0.1:0\"\n",
     "f:5:11: error: cluster.nodes.0.address: expected a port that others can call, from 1 to "
     "65535, got 0"},
    {"NodeWithoutAddress",
     "[node]\n"
     "name = \"a\"\n"
     "[[cluster.nodes]]\n"
     "name = \"a\"\n",
     "f:4:8: error: cluster.nodes.0.address: expected an address \"host:port\", got nothing"},
    {"NobodyTakesShards",
     "[node]\n"
     "name = \"a\"\n"
     "[[cluster.nodes]]\n"
     "name = \"a\"\n"
     "address = \"127.0.0.1:7000\"\n"
     "weight = 0\n",
     "f:6:10: error: cluster.nodes.0.weight: expected a node that takes shards, got 0 for all of "
     "them"},
    {"RolesThatDiffer",
     "[node]\n"
     "name = \"a\"\n"
     "roles = [\"x\"]\n"
     "[[cluster.nodes]]\n"
     "name = \"a\"\n"
     "address = \"127.0.0.1:7000\"\n"
     "roles = [\"y\"]\n",
     "f:3:9: error: node.roles: expected the same as cluster.nodes.0.roles ([y]), got [x]"},
    {"OneAddressForBothPorts",
     "[node]\n"
     "name = \"a\"\n"
     "[listen]\n"
     "http = \"127.0.0.1:7400\"\n",
     "f:4:8: error: listen.http: expected another address than listen.cluster, got "
     "\"127.0.0.1:7400\""},
    {"ShardBeyondTheLast",
     "[node]\n"
     "name = \"a\"\n"
     "[cluster]\n"
     "shards = 4\n"
     "overrides.4 = \"a\"\n",
     "f:5:15: error: cluster.overrides.4: expected the number of a shard, from 0 to 3, got 4"},
    {"ShardThatIsNoNumber",
     "[node]\n"
     "name = \"a\"\n"
     "[cluster.overrides]\n"
     "first = \"a\"\n",
     "f:4:9: error: cluster.overrides.first: expected the number of a shard, from 0 to 15, got "
     "first"},
    {"ShardOnAnUnknownNode",
     "[node]\n"
     "name = \"a\"\n"
     "[cluster.overrides]\n"
     "0 = \"z\"\n",
     "f:4:5: error: cluster.overrides.0: expected one of cluster.nodes (\"a\"), got \"z\""},
    {"ClusterOpenWithoutTls",
     "[node]\n"
     "name = \"a\"\n"
     "[listen]\n"
     "cluster = \"0.0.0.0:7400\"\n",
     "f:4:11: error: listen.cluster: expected a loopback address, as there is no [tls], got "
     "\"0.0.0.0:7400\""},
    {"NodeBeyondLoopbackWithoutTls",
     "[node]\n"
     "name = \"a\"\n"
     "[[cluster.nodes]]\n"
     "name = \"a\"\n"
     "address = \"127.0.0.1:7000\"\n"
     "[[cluster.nodes]]\n"
     "name = \"b\"\n"
     "address = \"10.0.0.2:7400\"\n",
     "f:8:11: error: cluster.nodes.1.address: expected a loopback address, as there is no [tls], "
     "got \"10.0.0.2:7400\""},
    {"HttpOpenWithoutToken",
     "[node]\n"
     "name = \"a\"\n"
     "[listen]\n"
     "http = \"[::]:8400\"\n",
     "f:4:8: error: listen.http: expected a loopback address, as there is no http.token_file, got "
     "\"[::]:8400\""},
    {"TlsWithoutKey",
     "[node]\n"
     "name = \"a\"\n"
     "[tls]\n"
     "ca = \"ca.crt\"\n"
     "certificate = \"a.crt\"\n",
     "f:5:15: error: tls.key: expected a path, as tls.certificate is set, got nothing"},
    {"QueueWithoutName",
     "[node]\n"
     "name = \"a\"\n"
     "[[queue]]\n"
     "in_flight = 10\n",
     "f:3:1: error: queue.0.name: expected a name (1 to 100 of [a-z0-9._-]), got nothing"},
    {"QueueTwice",
     "[node]\n"
     "name = \"a\"\n"
     "[[queue]]\n"
     "name = \"q\"\n"
     "[[queue]]\n"
     "name = \"q\"\n",
     "f:6:8: error: queue.1.name: expected a name of its own, got \"q\", which queue.0 has"},
    {"LowWaterAboveHigh",
     "[node]\n"
     "name = \"a\"\n"
     "[[queue]]\n"
     "name = \"q\"\n"
     "high_water_percent = 50\n",
     "f:5:22: error: queue.0.low_water_percent: expected less than high_water_percent (50), got "
     "60"},
    {"RetryThatShrinks",
     "[node]\n"
     "name = \"a\"\n"
     "[[queue]]\n"
     "name = \"q\"\n"
     "retry_first = \"2m\"\n",
     "f:5:15: error: queue.0.retry_max: expected at least retry_first (\"2m\"), got \"1m\""},
    {"OutputsOfAQueueWithoutLeases",
     "[node]\n"
     "name = \"a\"\n"
     "[[queue]]\n"
     "name = \"q\"\n"
     "outputs = [\"r\"]\n",
     "f:5:11: error: queue.0.outputs: expected `leases = true` beside it, got it alone"},
    {"OutputsToTheQueueItself",
     "[node]\n"
     "name = \"a\"\n"
     "[[queue]]\n"
     "name = \"q\"\n"
     "leases = true\n"
     "outputs = [\"r\", \"q\"]\n",
     "f:6:11: error: queue.0.outputs: expected other queues, got \"q\", which is the queue itself"},
    {"RecordBeyondASegment",
     "[node]\n"
     "name = \"a\"\n"
     "[journal]\n"
     "record_max = \"32MiB\"\n",
     "f:4:14: error: journal.record_max: expected at most 33550296 bytes, to fit into a segment, "
     "got \"32MiB\""},
    {"ReserveAboveReady",
     "[node]\n"
     "name = \"a\"\n"
     "[journal]\n"
     "reserve_segments = 16\n",
     "f:4:20: error: journal.ready_segments_max: expected at least reserve_segments (16), got 8"},
    {"StreamsThatTakeAllConnections",
     "[node]\n"
     "name = \"a\"\n"
     "[http]\n"
     "connections_max = 8\n",
     "f:4:19: error: http.event_streams_max: expected less than connections_max (8), got 8"},
    {"BodiesThatDoNotHoldOne",
     "[node]\n"
     "name = \"a\"\n"
     "[http]\n"
     "bodies_max = \"4MiB\"\n",
     "f:4:14: error: http.bodies_max: expected at least body_max (\"8MiB\"), got \"4MiB\""},
    {"PauseBelowHeartbeat",
     "[node]\n"
     "name = \"a\"\n"
     "[membership]\n"
     "heartbeat = \"5s\"\n",
     "f:4:13: error: membership.acceptable_pause: expected at least heartbeat (\"5s\"), got "
     "\"3s\""},
    {"PipelineTwice",
     "[node]\n"
     "name = \"a\"\n"
     "[[pipeline]]\n"
     "name = \"p\"\n"
     "[[pipeline]]\n"
     "name = \"p\"\n",
     "f:6:8: error: pipeline.1.name: expected a name of its own, got \"p\", which another pipeline "
     "has"},
    {"StagesWithoutFrom",
     "[node]\n"
     "name = \"a\"\n"
     "[[pipeline]]\n"
     "name = \"p\"\n"
     "stages = [\"s\"]\n",
     "f:5:10: error: pipeline.0.from: expected a queue, as `stages` is set, got nothing"},
    {"FromWithoutStages",
     "[node]\n"
     "name = \"a\"\n"
     "[[pipeline]]\n"
     "name = \"p\"\n"
     "from = \"q\"\n",
     "f:5:8: error: pipeline.0.stages: expected stages, as `from` is set, got nothing"},
    {"StageWiredTwice",
     "[node]\n"
     "name = \"a\"\n"
     "[[pipeline]]\n"
     "name = \"p\"\n"
     "from = \"q\"\n"
     "stages = [\"s\", \"s\"]\n",
     "f:6:10: error: pipeline.0.stages: expected each stage once, got \"s\" again"},
    {"OptionsOfAnUnknownStage",
     "[node]\n"
     "name = \"a\"\n"
     "[[pipeline]]\n"
     "name = \"p\"\n"
     "from = \"q\"\n"
     "stages = [\"s\"]\n"
     "[pipeline.stage.t]\n"
     "workers = 2\n",
     "f:8:11: error: pipeline.0.stage.t: expected one of `stages` (s), got \"t\""},
    {"UnknownOptionOfAStage",
     "[node]\n"
     "name = \"a\"\n"
     "[[pipeline]]\n"
     "name = \"p\"\n"
     "[pipeline.stage.s]\n"
     "worker = 2\n",
     "f:6:1: error: pipeline.0.stage.s.worker: expected a known key, got an unknown one; did you "
     "mean pipeline.0.stage.s.workers?"},
    {"RoleThatNobodyHas",
     "[node]\n"
     "name = \"a\"\n"
     "roles = [\"x\"]\n"
     "[[pipeline]]\n"
     "name = \"p\"\n"
     "[pipeline.stage.s]\n"
     "role = \"y\"\n",
     "f:7:8: error: pipeline.0.stage.s.role: expected a role that some node has (x), got \"y\""},
    {"WindowBeyondTimeout",
     "[node]\n"
     "name = \"a\"\n"
     "[[pipeline]]\n"
     "name = \"p\"\n"
     "[pipeline.stage.s]\n"
     "timeout = \"1s\"\n"
     "batch.window = \"2s\"\n",
     "f:7:16: error: pipeline.0.stage.s.batch.window: expected at most `timeout` (\"1s\"), got "
     "\"2s\""},
    {"ForgettingKeysInMemory",
     "[node]\n"
     "name = \"a\"\n"
     "[[queue]]\n"
     "name = \"q\"\n"
     "keep_state = \"1h\"\n",
     "f:5:14: error: queue.0.keep_state: expected 0us, as runtime.state_cache is 0B, got \"1h\""},
    {"ForgettingHistoryInMemory",
     "[node]\n"
     "name = \"a\"\n"
     "[[queue]]\n"
     "name = \"q\"\n"
     "retention = \"2h\"\n",
     "f:5:13: error: queue.0.retention: expected 0us, as runtime.state_cache is 0B, got \"2h\""},
    {"StageForgettingKeysInMemory",
     "[node]\n"
     "name = \"a\"\n"
     "[[pipeline]]\n"
     "name = \"p\"\n"
     "stage.s.keep_state = \"30d\"\n",
     "f:5:22: error: pipeline.0.stage.s.keep_state: expected 0us, as runtime.state_cache is 0B, "
     "got "
     "\"30d\""},
    {"StageRetryThatShrinks",
     "[node]\n"
     "name = \"a\"\n"
     "[[pipeline]]\n"
     "name = \"p\"\n"
     "[pipeline.stage.s.retry]\n"
     "first = \"2s\"\n"
     "max = \"1s\"\n",
     "f:7:7: error: pipeline.0.stage.s.retry.max: expected at least `first` (\"2s\"), got \"1s\""},
};

INSTANTIATE_TEST_SUITE_P(Config, Contradiction, testing::ValuesIn(contradictions), name_of);

}  // namespace
}  // namespace millrace::config
