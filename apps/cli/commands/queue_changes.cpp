#include "apps/cli/commands/queue_changes.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <utility>

#include "apps/cli/client/server_queues.hpp"
#include "apps/cli/exit_code.hpp"
#include "apps/cli/output.hpp"
#include "apps/cli/validators.hpp"
#include "cluster/http/message/http_message.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Limit of one peek request; a count that reaches it is printed as "at least".
constexpr std::uint64_t counted_max = 1'000;

enum class Change { purge, redrive, drop };

struct QueueChangeOptions {
  ServerOptions server;
  Change change = Change::purge;
  std::string queue;
  Selection selection;
  bool yes = false;
  bool dry_run = false;
  Format format = Format::table;

  [[nodiscard]] const char* kind() const { return change == Change::purge ? "queues" : "dlq"; }
  [[nodiscard]] const char* verb() const { return change == Change::redrive ? "redrive" : "drop"; }
  [[nodiscard]] const char* done() const {
    return change == Change::redrive ? "redriven" : "dropped";
  }
};

/// Number of messages that the change would affect, as text.
Result<std::string> count(FrontClient& front, const QueueChangeOptions& options) {
  if (options.selection.is_any()) {
    auto queues = queues_of(front);
    if (!queues) return queues.error();
    for (const Json& queue : *queues) {
      if (queue.value("queue", "") != options.queue) continue;
      if (options.change != Change::purge && !queue.value("dead_letters", false)) {
        return Error{ErrorCode::not_found, options.queue + " is no dead letter queue"};
      }
      std::uint64_t queued = queue.value("queued", std::uint64_t{0});
      if (options.selection.max) queued = std::min(queued, *options.selection.max);
      return std::to_string(queued);
    }
    return Error{ErrorCode::not_found, "there is no queue " + options.queue};
  }
  const auto messages =
      messages_of(front, queue_path(options.kind(), options.queue) + "/messages", options.selection,
                  std::min(counted_max, options.selection.max.value_or(counted_max)));
  if (!messages) return messages.error();
  return (messages->size() == counted_max ? "at least " : "") + std::to_string(messages->size());
}

int tell(FrontClient& front, const QueueChangeOptions& options) {
  const auto messages = count(front, options);
  if (!messages) return fail(messages.error());
  std::cout << "would " << options.verb() << ' ' << *messages << " messages of " << options.queue
            << '\n';
  const int status = front.finish();
  if (options.dry_run) return status;
  std::cerr << "millrace: error: nothing was done: add --yes to do it\n";
  return exit_usage;
}

int run_change(const QueueChangeOptions& options) {
  auto front = FrontClient::open(options.server);
  if (!front) return fail(front.error());
  if (options.dry_run || !options.yes) return tell(*front, options);
  std::string query = options.selection.query();
  if (options.change == Change::drop && options.selection.is_any()) {
    query += std::string(query.empty() ? "?" : "&") + "all=true";
  }
  const std::string path = queue_path(options.kind(), options.queue);
  const auto answer = options.change == Change::redrive ? front->post(path + "/redrive" + query, "")
                                                        : front->remove(path + "/messages" + query);
  if (!answer) return fail(answer.error());
  Json result{{"queue", options.queue},
              {options.done(), answer->value(options.done(), std::uint64_t{0})}};
  if (answer->contains("stopped")) result["stopped"] = answer->at("stopped");
  print(result, options.format);
  const int missing = front->finish();
  return result.contains("stopped") ? exit_failed : missing;
}

void add_change(CLI::App& group, Action& action, Change change, const char* name,
                const char* what) {
  auto options = std::make_shared<QueueChangeOptions>();
  options->change = change;
  CLI::App* command = add_command(group, name, what);
  add_server_options(*command, options->server);
  add_node_only(*command, options->server);
  add_format(*command, options->format);
  command->add_option("queue", options->queue, "name of the queue")->required();
  command->add_option("--id", options->selection.id, "only the message of this id");
  command->add_option("--key", options->selection.key, "only messages of this key");
  if (change != Change::purge) {
    command->add_option("--code", options->selection.code,
                        "only dead letters with this error code, such as rejected");
    command->add_option("--origin", options->selection.origin_queue,
                        "only dead letters from this queue");
  }
  command->add_option("-n,--max", options->selection.max, "at most this number of messages")
      ->check(whole_number);
  command->add_flag("--dry-run", options->dry_run, "print what would be done, and do nothing");
  command->add_flag("--yes", options->yes, "confirm: change the queue");
  command->callback([options, &action] {
    action = [options] {
      return run_change(*options);
    };
  });
}

struct PublishOptions {
  ServerOptions server;
  std::string queue;
  std::optional<std::string> message;
  std::optional<std::string> key;
  std::string idempotency_key;
  std::optional<int> priority;
  std::string delay;
  std::string expires_in;
  std::vector<std::string> headers;  ///< NAME=VALUE
  Format format = Format::table;

  /// Whether the message must go as a line with its fields.
  [[nodiscard]] bool has_fields() const {
    return priority || !delay.empty() || !expires_in.empty() || !headers.empty();
  }
};

/// The message with its fields, as a line of JSON. The message itself stays as it was written.
Result<std::string> line_of(const PublishOptions& options, const std::string& message) {
  if (!Json::accept(message)) {
    return Error{ErrorCode::invalid_argument, "expected a message in JSON, got " + message};
  }
  Json fields = Json::object();
  if (options.key) fields["key"] = *options.key;
  if (!options.idempotency_key.empty()) fields["idempotency_key"] = options.idempotency_key;
  if (options.priority) fields["priority"] = *options.priority;
  if (!options.delay.empty()) fields["delay"] = options.delay;
  if (!options.expires_in.empty()) fields["expires_in"] = options.expires_in;
  for (const std::string& header : options.headers) {
    const std::size_t equals = header.find('=');
    if (equals == std::string::npos) {
      return Error{ErrorCode::invalid_argument, "--header: expected NAME=VALUE, got " + header};
    }
    fields["headers"][header.substr(0, equals)] = header.substr(equals + 1);
  }
  std::string line = fields.dump();
  // One line: a message may be written over several.
  std::string payload = message;
  std::replace(payload.begin(), payload.end(), '\n', ' ');
  line.back() = ',';
  return line + "\"payload\":" + payload + '}';
}

/// Publishes one message. The answer is that for one message, whichever way it went.
Result<Json> publish_one(ServerClient& node, const PublishOptions& options, const std::string& path,
                         const std::string& message) {
  if (!options.has_fields()) {
    const std::string query =
        options.key ? "?key=" + http::encode_segment(*options.key) : std::string();
    return node.post(path + query, message, options.idempotency_key);
  }
  const auto line = line_of(options, message);
  if (!line) return line.error();
  auto answer = node.post_lines(path, *line);
  if (!answer) return answer;
  Json one = answer->value("messages", Json::array()).at(0);
  one["queue"] = options.queue;
  return one;
}

int run_publish(const PublishOptions& options) {
  auto node = ServerClient::open(options.server);
  if (!node) return fail(node.error());
  const std::string path = queue_path("queues", options.queue) + "/messages";
  Listing listing{.columns = {"queue", "shard", "key"}, .rows = {}};
  int status = exit_ok;
  std::uint64_t taken = 0;
  bool has_duplicate = false;
  const auto publish = [&](const std::string& message) {
    auto answer = publish_one(*node, options, path, message);
    if (answer) {
      ++taken;
      if (answer->contains("duplicate")) has_duplicate = true;
      if (options.format == Format::jsonl) {
        std::cout << answer->dump() << std::endl;  // flushed: a reader sees each answer at once
      } else {
        listing.rows.push_back(std::move(*answer));
      }
    } else {
      status = fail(answer.error());
    }
    return status == exit_ok;
  };
  if (options.message) {
    publish(*options.message);
  } else {
    std::string line;
    while (std::getline(std::cin, line)) {
      if (line.empty() || publish(line)) continue;
      std::cerr << "millrace: error: " << taken << " messages were taken before that one\n";
      break;
    }
  }
  if (has_duplicate) listing.columns.emplace_back("duplicate");
  const bool is_refused = status != exit_ok && listing.rows.empty();
  if (options.format != Format::jsonl && !is_refused) print(listing, options.format);
  return status;
}

}  // namespace

void add_publish(CLI::App& group, Action& action) {
  auto options = std::make_shared<PublishOptions>();
  CLI::App* command = add_command(group, "publish", "put messages into a queue");
  add_server_options(*command, options->server);
  add_format(*command, options->format);
  command->add_option("queue", options->queue, "name of the queue")->required();
  command->add_option("message", options->message,
                      "its JSON; without one, each line of stdin is a message");
  command->add_option("--key", options->key,
                      "its key, in a queue that takes none from its messages");
  command
      ->add_option("--idempotency-key", options->idempotency_key,
                   "a message that was taken under it within 10 minutes is not taken again")
      ->needs("message");
  command->add_option("--priority", options->priority, "0, last, to 9, first")
      ->check(CLI::Range(0, 9))
      ->type_name("NUMBER");
  command
      ->add_option("--delay", options->delay,
                   "handle it no earlier than after this time, such as 10m")
      ->type_name("DURATION");
  command->add_option("--expires-in", options->expires_in, "give it up after this time")
      ->type_name("DURATION");
  command->add_option("--header", options->headers, "a header of it; may be given several times")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  command->callback([options, &action] {
    action = [options] {
      return run_publish(*options);
    };
  });
}

void add_purge(CLI::App& group, Action& action) {
  add_change(group, action, Change::purge, "purge",
             "delete the messages that no worker has leased");
}

void add_redrive(CLI::App& group, Action& action) {
  add_change(group, action, Change::redrive, "redrive",
             "return dead letters to the queues that they came from");
}

void add_drop(CLI::App& group, Action& action) {
  add_change(group, action, Change::drop, "drop", "delete dead letters for good");
}

}  // namespace millrace::cli
