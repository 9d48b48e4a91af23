// millrace explain: why a message, or the messages of a key, wait.
#include <memory>
#include <string>
#include <vector>

#include "apps/cli/client/server_queues.hpp"
#include "apps/cli/command_line.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"
#include "cluster/http/message/http_message.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;

struct ExplainOptions {
  ServerOptions server;
  std::string id;
  std::string key;
  std::string queue;
  Format format = Format::table;
};

std::string pause_text(const Json& reason, const std::string& what) {
  std::string text = what + " is paused";
  if (reason.contains("by")) text += " by " + reason.value("by", "");
  if (reason.contains("since")) text += " since " + reason.value("since", "");
  if (reason.contains("until")) text += " until " + reason.value("until", "");
  if (reason.contains("reason")) text += ": " + reason.value("reason", "");
  return text;
}

/// A reason as a sentence for people.
std::string text_of(const Json& reason) {
  const std::string cause = reason.value("cause", "");
  const std::string until = reason.value("until", "");
  if (cause == "leased") return "a worker has it; its lease ends at " + until;
  if (cause == "settling") return "it was handled, and its outcome is being written";
  if (cause == "behind") {
    return "message " + std::to_string(reason.value("sequence", std::uint64_t{0})) +
           " of its key is before it, which waits for what follows";
  }
  if (cause == "delayed") {
    const auto failed = reason.value("failed", std::uint64_t{0});
    return failed == 0 ? "it is not due until " + until
                       : "it has failed " + std::to_string(failed) +
                             " times, and is handled again at " + until;
  }
  if (cause == "key_paused") return pause_text(reason, "its key");
  if (cause == "queue_paused") return pause_text(reason, "the queue");
  if (cause == "breaker_open") {
    return "most messages of the stage fail: one at a time is tried, since " +
           reason.value("since", "");
  }
  if (cause == "downstream") return "a queue that its stage writes to is above its high water";
  if (cause == "moving") return "its shard is being moved to another node, or waits for its owner";
  if (cause == "draining") return "the node stops";
  if (cause == "no_room") return "the log has no room for what comes of it";
  if (cause == "in_flight") return "as many messages of the queue are being handled as may be";
  if (cause == "alone") return "the process ended while it was handled: it is handled alone now";
  if (cause == "loading") return "it is being read from the disk";
  if (cause == "nobody_asks") return "all workers are busy, or there is none";
  if (cause == "sending") return "the node that serves its shard has not confirmed it yet";
  if (cause == "turn") return "nothing holds it back: its turn comes";
  return cause;
}

Result<std::vector<std::string>> queues_to_ask(FrontClient& front, const ExplainOptions& options) {
  if (!options.queue.empty()) return std::vector{options.queue};
  const auto all = queues_of(front);
  if (!all) return all.error();
  std::vector<std::string> names;
  for (const Json& each : *all) {
    if (each.value("queued", std::uint64_t{0}) > 0) names.push_back(each.value("queue", ""));
  }
  return names;
}

int run_explain(const ExplainOptions& options) {
  if (options.id.empty() == options.key.empty()) {
    return fail({ErrorCode::invalid_argument, "expected the id of a message, or --key"});
  }
  auto front = FrontClient::open(options.server);
  if (!front) return fail(front.error());
  const auto queues = queues_to_ask(*front, options);
  if (!queues) return fail(queues.error());
  const std::string query = options.id.empty() ? "?key=" + http::encode_segment(options.key)
                                               : "?id=" + http::encode_segment(options.id);
  Listing messages{.columns = {"queue", "shard", "node", "id", "key", "failed", "waits_for"},
                   .rows = {}};
  for (const std::string& queue : *queues) {
    const auto answer = front->get(queue_path("queues", queue) + "/explain" + query);
    if (!answer) return fail(answer.error());
    for (Json message : answer->value("messages", Json::array())) {
      if (options.format == Format::table) {
        std::string text;
        for (const Json& reason : message["waits_for"]) {
          text += (text.empty() ? "" : "; ") + text_of(reason);
        }
        message["waits_for"] = text;
      }
      messages.rows.push_back(std::move(message));
    }
  }
  if (messages.rows.empty()) {
    const int status = front->finish();
    if (status != exit_ok) return status;
    return fail({ErrorCode::not_found,
                 "no message of it waits in any queue: it was handled, or never there"});
  }
  print(messages, options.format);
  return front->finish();
}

}  // namespace

void add_explain(CLI::App& app, Action& action) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = add_command(app, "explain", "say why a message waits, and for what");
  add_server_options(*command, options->server);
  add_format(*command, options->format);
  command->add_option("id", options->id, "id of the message, 32 hexadecimal digits");
  command->add_option("--key", options->key, "in place of an id: all messages of this key");
  command->add_option("--queue", options->queue, "only in this queue; default: in all");
  command->callback([options, &action] {
    action = [options] {
      return run_explain(*options);
    };
  });
}

}  // namespace millrace::cli
