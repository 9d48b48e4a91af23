"""The rooms of the tree: each folder of C++ sources, the kind of code that it may contain, and the
rooms of the same floor that it may include. A folder `shell/` belongs to the room that contains it.

A room may include only rooms listed above it, so that there is no cycle. Each floor may include all
lower ones; from low to high: messages, actors, cluster, apps, millrace.

Kinds:
  core   no CAF, directly or through its includes; no clock, thread, file, log or randomness
  plain  no CAF, directly or through its includes
  shell  may include CAF, and may name it only in shell/
"""

ROOMS = {}


def room(name, kind, *includes):
    ROOMS[name] = (kind, frozenset(includes))


# Formats of the wire and the disk.
room("messages", "shell")

# The runtime of one node.
room("actors/base", "shell")
room("actors/files", "plain", "actors/base")
room("actors/log", "plain", "actors/base")
room("actors/metrics", "plain")
room("actors/journal/format", "core", "actors/base", "actors/log")
room("actors/journal/disk", "plain", "actors/base", "actors/files", "actors/journal/format",
     "actors/log")
room("actors/journal/read", "plain", "actors/journal/disk", "actors/journal/format", "actors/log")
room("actors/journal/checkpoint", "core", "actors/journal/disk", "actors/journal/format",
     "actors/journal/read", "actors/log")
room("actors/journal/backup", "plain", "actors/journal/checkpoint", "actors/journal/disk",
     "actors/journal/format",
     "actors/journal/read", "actors/log")
room("actors/journal/write", "plain", "actors/base", "actors/journal/disk",
     "actors/journal/format", "actors/journal/read", "actors/log")
room("actors/journal", "plain", "actors/base", "actors/journal/backup", "actors/journal/checkpoint", "actors/journal/disk",
     "actors/journal/format", "actors/journal/read", "actors/journal/write", "actors/log")
room("actors/postgres_log/core", "core", "actors/base", "actors/journal/checkpoint",
     "actors/journal/format", "actors/log")
room("actors/postgres_log/session", "plain", "actors/base", "actors/postgres_log/core")
room("actors/postgres_log", "plain", "actors/base", "actors/journal/format", "actors/log",
     "actors/postgres_log/core", "actors/postgres_log/session")
room("actors/engines", "plain", "actors/files", "actors/journal", "actors/journal/backup",
     "actors/journal/disk", "actors/journal/write", "actors/log", "actors/postgres_log",
     "actors/postgres_log/core")
room("actors/queue/state", "core", "actors/base", "actors/log")
room("actors/state_store", "plain", "actors/base", "actors/log", "actors/queue/state")
room("actors/queue/snapshot", "core", "actors/base", "actors/queue/state")
room("actors/queue/move", "core", "actors/base", "actors/queue/snapshot", "actors/queue/state")
room("actors/stage", "plain", "actors/base")
room("actors/pipeline", "core", "actors/stage")
room("actors/queue/breaker", "core", "actors/base", "actors/stage")
room("actors/queue/decide", "core", "actors/queue/breaker", "actors/queue/move", "actors/queue/state",
     "actors/stage")
room("actors/queue", "shell", "actors/base", "actors/log", "actors/queue/breaker", "actors/queue/decide",
      "actors/queue/move", "actors/queue/snapshot", "actors/queue/state",
      "actors/state_store")
room("actors/receiver/external", "core", "actors/base", "actors/queue/decide", "actors/stage")
room("actors/receiver", "shell", "actors/base", "actors/queue", "actors/queue/decide",
     "actors/receiver/external", "actors/stage")
room("actors/sender/core", "core", "actors/base", "actors/queue/decide")
room("actors/sender", "shell", "actors/base", "actors/queue", "actors/sender/core")
room("actors/store", "plain", "actors/base", "actors/log", "actors/queue/decide",
     "actors/queue/move", "actors/queue/snapshot", "actors/queue/state", "actors/state_store")
room("actors/operate", "shell", "actors/queue", "actors/store")
room("actors/assembly", "shell", "actors/base", "actors/engines", "actors/files", "actors/log",
     "actors/operate", "actors/pipeline", "actors/queue", "actors/queue/decide",
     "actors/queue/state", "actors/receiver", "actors/sender", "actors/sender/core",
     "actors/stage", "actors/store",
     "actors/state_store")
room("actors/move", "shell", "actors/assembly", "actors/base", "actors/queue", "actors/queue/move",
     "actors/queue/snapshot", "actors/queue/state", "actors/state_store")
room("actors/upkeep", "shell", "actors/assembly", "actors/base", "actors/log", "actors/move", "actors/queue", "actors/queue/snapshot",
     "actors/queue/state", "actors/store",
     "actors/state_store")
room("actors/runtime", "shell", "actors/assembly", "actors/base", "actors/engines",
     "actors/files", "actors/log", "actors/queue/decide",
     "actors/metrics", "actors/move", "actors/operate", "actors/pipeline", "actors/queue", "actors/queue/state",
     "actors/receiver", "actors/sender", "actors/stage", "actors/store", "actors/upkeep",
     "actors/state_store")
room("actors/testing", "shell", "actors/assembly", "actors/base", "actors/log",
     "actors/move", "actors/operate", "actors/pipeline", "actors/queue", "actors/queue/state",
     "actors/receiver", "actors/sender", "actors/stage", "actors/store", "actors/upkeep",
     "actors/state_store")

# Clusters of nodes.
room("cluster/certs", "plain")
room("cluster/config", "core")
room("cluster/config/keys", "core", "cluster/config")
room("cluster/config/read", "plain", "cluster/config", "cluster/config/keys")
room("cluster/config/check", "plain", "cluster/config", "cluster/config/read")
room("cluster/config/file", "plain", "cluster/certs", "cluster/config", "cluster/config/check",
     "cluster/config/read")
room("cluster/membership/core", "core")
room("cluster/placement", "core")
room("cluster/move/core", "core", "cluster/placement")
room("cluster/transport", "core")
room("cluster/transport/protocol", "core", "cluster/transport")
room("cluster/transport/tls", "plain", "cluster/transport/protocol")
room("cluster/transport/links", "plain", "cluster/transport", "cluster/transport/protocol",
     "cluster/transport/tls")
room("cluster/transport/net", "shell", "cluster/transport", "cluster/transport/links",
     "cluster/transport/protocol", "cluster/transport/tls")
room("cluster/transport/sim", "plain", "cluster/transport", "cluster/transport/links",
     "cluster/transport/protocol")
room("cluster/calls/core", "core", "cluster/transport")
room("cluster/calls", "plain", "cluster/calls/core", "cluster/transport")
room("cluster/federation", "shell", "cluster/calls", "cluster/transport")
room("cluster/membership", "plain", "cluster/membership/core", "cluster/transport")
room("cluster/move", "shell", "cluster/federation", "cluster/move/core", "cluster/placement",
     "cluster/transport")
room("cluster/http/message", "plain")
room("cluster/http/page", "plain")
room("cluster/http", "shell", "cluster/http/message")
room("cluster/http/client", "plain", "cluster/http/message")
room("cluster/http/handler", "plain", "cluster/http/message")
room("cluster/http/server", "plain", "cluster/config", "cluster/http/handler",
     "cluster/http/message")
room("cluster/http/json", "shell", "cluster/http")
room("cluster/http/metrics", "shell", "cluster/http")
room("cluster/http/routes", "shell", "cluster/config", "cluster/http", "cluster/http/handler",
     "cluster/http/json", "cluster/http/message", "cluster/http/metrics", "cluster/http/page",
     "cluster/http/server")
room("cluster/http/service", "shell", "cluster/config", "cluster/http", "cluster/http/handler",
     "cluster/http/json", "cluster/http/message", "cluster/http/routes", "cluster/http/server")
room("cluster/kafka/wire", "core")
room("cluster/kafka/records", "core", "cluster/kafka/wire")
room("cluster/kafka/protocol", "core", "cluster/kafka/wire")
room("cluster/kafka/group", "core", "cluster/kafka/protocol")
room("cluster/kafka", "core", "cluster/kafka/records")
room("cluster/kafka/client", "plain", "cluster/http/message", "cluster/kafka/protocol",
     "cluster/kafka/wire")
room("cluster/kafka/server", "plain", "cluster/config", "cluster/http/handler",
     "cluster/http/server", "cluster/kafka/protocol", "cluster/kafka/wire",
     "cluster/transport/protocol", "cluster/transport/tls")
room("cluster/kafka/service", "plain", "cluster/config/read", "cluster/http/handler", "cluster/kafka",
     "cluster/kafka/group", "cluster/kafka/protocol", "cluster/kafka/records",
     "cluster/kafka/server", "cluster/kafka/wire")
room("cluster/kafka/broker", "plain", "cluster/calls", "cluster/kafka", "cluster/kafka/records")
room("cluster/node", "shell", "cluster/calls", "cluster/calls/core", "cluster/config",
     "cluster/config/file", "cluster/federation", "cluster/http", "cluster/http/service", "cluster/kafka/broker",
     "cluster/kafka/protocol",
     "cluster/kafka/service", "cluster/membership", "cluster/move",
     "cluster/placement", "cluster/transport/links", "cluster/transport/net")
room("cluster/embed", "shell", "cluster/config", "cluster/config/file", "cluster/config/read",
     "cluster/membership", "cluster/node")
room("cluster/testing", "shell", "cluster/federation", "cluster/move", "cluster/transport", "cluster/transport/links",
     "cluster/transport/sim")

# Programs.
room("apps/audit/format", "core")
room("apps/audit/log", "core")
room("apps/audit/states", "plain", "apps/audit/log")
room("apps/audit/disk", "plain", "apps/audit/format", "apps/audit/log", "apps/audit/states")
room("apps/audit/database", "plain", "apps/audit/format", "apps/audit/log", "apps/audit/states")
room("apps/audit/model", "core")
room("apps/audit/check", "core", "apps/audit/model")
room("apps/audit", "plain", "apps/audit/check", "apps/audit/disk", "apps/audit/log", "apps/audit/model")
room("apps/cli/completions", "plain")
room("apps/cli/manual", "plain", "apps/cli/completions")
room("apps/cli", "plain", "apps/audit", "apps/cli/manual")
room("apps/cli/client", "plain", "apps/cli")
room("apps/inference", "shell")
room("apps/orders", "core")
room("apps/orders/audit/evidence", "core", "apps/orders")
room("apps/orders/audit/invariants", "core", "apps/orders/audit/evidence")
room("apps/orders/audit", "plain", "apps/audit", "apps/audit/model", "apps/orders/audit/evidence",
     "apps/orders/audit/invariants")
room("apps/orders/gateway", "plain", "apps/orders")
room("apps/orders/load", "core", "apps/orders")
room("apps/orders/stages", "core", "apps/orders", "apps/orders/gateway")
room("apps/orders/view", "shell", "apps/orders")
room("apps/orders/workflow", "core", "apps/orders", "apps/orders/gateway", "apps/orders/stages")
room("apps/processes", "plain")
room("apps/report", "plain")
room("apps/report/charts", "plain", "apps/report")
room("apps/report/page", "plain", "apps/report", "apps/report/charts")
room("apps/serve", "shell")
room("apps/testing", "shell", "apps/audit/check", "apps/audit/model")
room("apps/simulate/plan", "plain", "apps/orders/gateway", "apps/orders/load", "apps/orders/stages",
     "apps/report")
room("apps/simulate/servers", "plain")
room("apps/simulate/fleet", "plain", "apps/processes", "apps/serve", "apps/simulate/plan", "apps/simulate/servers")
room("apps/simulate/node", "shell", "apps/orders", "apps/orders/gateway", "apps/orders/load",
     "apps/orders/workflow", "apps/serve", "apps/simulate/fleet", "apps/simulate/plan")
room("apps/simulate", "shell", "apps/audit", "apps/audit/database", "apps/audit/disk",
     "apps/audit/log", "apps/audit/model", "apps/orders", "apps/orders/audit", "apps/orders/audit/evidence",
     "apps/orders/gateway", "apps/orders/load", "apps/orders/stages", "apps/orders/workflow",
     "apps/report", "apps/simulate/fleet", "apps/simulate/node", "apps/simulate/plan",
     "apps/simulate/servers")
room("apps/simulate/remote", "plain", "apps/orders", "apps/orders/audit", "apps/orders/load",
     "apps/report", "apps/simulate", "apps/simulate/plan")
room("apps/bench", "shell", "apps/processes", "apps/serve")
room("apps/bench/load", "plain")
room("apps/dev", "shell", "apps/processes", "apps/serve")
room("apps/millrace", "shell", "apps/bench", "apps/bench/load", "apps/cli", "apps/cli/client", "apps/orders", "apps/orders/audit",
     "apps/orders/view",
     "apps/report", "apps/report/page", "apps/simulate", "apps/simulate/node",
     "apps/simulate/remote")
room("apps/cli/commands", "shell", "apps/audit", "apps/audit/database", "apps/audit/disk",
     "apps/audit/log", "apps/audit/model", "apps/cli", "apps/cli/client",
     "apps/cli/completions", "apps/cli/manual", "apps/dev", "apps/serve")

# The headers that programs include.
room("millrace", "plain")
