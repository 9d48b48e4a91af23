#include "apps/cli/examples.hpp"

#include <map>
#include <string>
#include <vector>

#include "apps/cli/manual/pages.hpp"

namespace millrace::cli {
namespace {

using Examples = std::map<std::string, std::vector<const char*>>;

/// What follows the name of the program, by the path of the command.
const Examples& all_examples() {
  static const Examples examples{
      {"node", {"node -c node.toml", "node -c node.toml --set log.level=debug"}},
      {"dev", {"dev", "dev --nodes 3 --dir cluster"}},
      {"simulate",
       {"simulate --orders 20000 --seed 3", "simulate --nodes 3 --faults kill,partition"}},
      {"bench pipeline", {"bench pipeline --messages 200000"}},
      {"order show", {"order show o7"}},
      {"status", {"status", "status --server http://node-2:8400 -o json"}},
      {"top", {"top", "top --interval 5"}},
      {"pipeline ls", {"pipeline ls", "pipeline ls --watch"}},
      {"pipeline graph", {"pipeline graph | dot -Tsvg > pipelines.svg"}},
      {"queue ls", {"queue ls", "queue ls --watch", "queue ls --data-dir data"}},
      {"queue info", {"queue info orders.placed"}},
      {"queue define",
       {"queue define clicks", "queue define payments --key /account --lease 1m --attempts 10"}},
      {"queue peek",
       {"queue peek orders.placed", "queue peek orders.placed --key o7",
        "queue peek orders.placed -n 100 -o jsonl"}},
      {"queue publish",
       {"queue publish orders.placed '{\"order_id\": \"o7\"}'",
        "queue publish orders.placed --delay 10m --priority 9 < orders.jsonl"}},
      {"queue purge",
       {"queue purge orders.placed --dry-run", "queue purge orders.placed --key o7 --yes"}},
      {"dlq ls", {"dlq ls"}},
      {"dlq show", {"dlq show orders.placed.dead", "dlq show orders.placed.dead --code rejected"}},
      {"dlq redrive",
       {"dlq redrive orders.placed.dead --dry-run",
        "dlq redrive orders.placed.dead --code timeout --yes"}},
      {"dlq drop", {"dlq drop orders.placed.dead --key o7 --yes"}},
      {"explain", {"explain 0f6b9a1c6a5d4a63b3f1c5d4e8a27b90", "explain --key o7"}},
      {"topic ls", {"topic ls"}},
      {"topic show", {"topic show clicks"}},
      {"group ls", {"group ls"}},
      {"group show", {"group show billing"}},
      {"group reset-offsets",
       {"group reset-offsets billing --topic clicks --to-earliest --dry-run"}},
      {"group delete", {"group delete billing --yes"}},
      {"pause queue",
       {"pause queue orders.placed", "pause queue orders.placed --key o7 --reason 'fraud?'"}},
      {"pause stage",
       {"pause stage orders/charge --for 30m --reason 'the provider moves its database'"}},
      {"pause pipeline", {"pause pipeline orders --until 2026-01-31T23:59:59Z"}},
      {"pause role", {"pause role payments"}},
      {"pause ls", {"pause ls"}},
      {"resume queue", {"resume queue orders.placed", "resume queue orders.placed --key o7"}},
      {"resume stage", {"resume stage orders/charge"}},
      {"resume pipeline", {"resume pipeline orders"}},
      {"resume role", {"resume role payments"}},
      {"cluster members", {"cluster members"}},
      {"cluster shards", {"cluster shards"}},
      {"cluster move-shard", {"cluster move-shard 3 node-2 --yes"}},
      {"cluster drain", {"cluster drain --server http://node-2:8400 --yes"}},
      {"cluster leave", {"cluster leave --server http://node-2:8400 --yes"}},
      {"cluster add", {"cluster add node-4 --yes"}},
      {"cluster rebalance", {"cluster rebalance --dry-run", "cluster rebalance --yes"}},
      {"cluster remove", {"cluster remove node-4"}},
      {"cluster seats", {"cluster seats -c node.toml"}},
      {"cluster certs", {"cluster certs --out certs --nodes a,b,c"}},
      {"audit", {"audit --data-dir data"}},
      {"backup", {"backup /backup/node-1 --server http://node-1:8400"}},
      {"restore", {"restore /backup/node-1 --data-dir data"}},
      {"log copy", {"log copy --from data --to node.toml"}},
      {"config check", {"config check node.toml"}},
      {"config print", {"config print -c node.toml --effective"}},
      {"config print-defaults", {"config print-defaults > node.toml"}},
      {"completions", {"completions bash > /etc/bash_completion.d/millrace"}},
      {"man", {"man queue | man -l -", "man --out pages"}},
      {"version", {"version", "version -o json"}},
  };
  return examples;
}

void add_below(CLI::App& command, const std::string& program, const std::string& path) {
  for (CLI::App* each : command.get_subcommands([](CLI::App*) { return true; })) {
    const std::string own = path.empty() ? each->get_name() : path + ' ' + each->get_name();
    add_below(*each, program, own);
    const auto found = all_examples().find(own);
    if (found == all_examples().end()) continue;
    std::string footer = each->get_footer();
    if (!footer.empty()) footer += "\n\n";
    footer += examples_heading;
    for (const char* example : found->second) footer += "\n  " + program + ' ' + example;
    each->footer(footer);
  }
}

}  // namespace

void add_examples(CLI::App& app) {
  add_below(app, app.get_name(), "");
}

}  // namespace millrace::cli
