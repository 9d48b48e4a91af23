// Pausing by name: which queues a stage, a pipeline or a role means.
#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/runtime/defined_queues.hpp"
#include "cluster/http/service/runtime_api.hpp"

namespace millrace::http {
namespace {

// Names, keys and reasons come from outside: they must not write to a terminal what they like.
std::string printable(std::string text) {
  constexpr std::size_t length_max = 200;
  if (text.size() > length_max) text = text.substr(0, length_max) + "...";
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

void log_pause(const std::string& queue, const queues::PauseCommand& command) {
  const std::string what = queue + (command.key.empty() ? "" : ", key " + printable(command.key));
  if (command.resumes) {
    spdlog::info("queue {}: resumed", what);
  } else {
    spdlog::info("queue {}: paused by {}{}", what, printable(command.by),
                 command.reason.empty() ? "" : ": " + printable(command.reason));
  }
}

}  // namespace

Result<std::vector<std::string>> RuntimeApi::queues_of(const PauseRequest& request) const {
  if (!request.queue.empty()) return std::vector{request.queue};
  std::vector<std::string> found;
  const auto add = [&found](const std::string& queue) {
    if (std::find(found.begin(), found.end(), queue) == found.end()) found.push_back(queue);
  };
  for (const PipelineSpec& pipeline : runtime_.defined_queues().pipelines()) {
    for (const StageSpec& stage : pipeline.stages) {
      const bool is_meant = request.stage.empty()
                                ? request.role.empty()
                                      ? pipeline.name == request.pipeline
                                      : cluster_.role_of(stage.source.name) == request.role
                                : pipeline.name + "/" + stage.name == request.stage;
      if (is_meant) add(stage.source.name);
    }
  }
  if (!found.empty()) return found;
  if (!request.stage.empty()) {
    return Error{ErrorCode::not_found, "there is no stage " + request.stage +
                                           "; expected PIPELINE/STAGE, such as orders/charge"};
  }
  if (!request.pipeline.empty()) {
    return Error{ErrorCode::not_found, "there is no pipeline " + request.pipeline};
  }
  return Error{ErrorCode::not_found, "no stage has the role " + request.role};
}

Result<std::vector<PausedQueue>> RuntimeApi::pause(const PauseRequest& request) {
  const auto queues = queues_of(request);
  if (!queues) return queues.error();
  std::vector<PausedQueue> done;
  for (const std::string& queue : *queues) {
    const auto shards = runtime_.pause(queue, request.command);
    if (!shards && shards.error().code == ErrorCode::not_owner) {
      done.push_back({queue, 0});  // the node of the key's shard does it
      continue;
    }
    if (!shards) return shards.error();
    done.push_back({queue, *shards});
    if (*shards > 0) log_pause(queue, request.command);
  }
  return done;
}

}  // namespace millrace::http
