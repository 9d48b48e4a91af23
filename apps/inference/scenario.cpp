#include "apps/inference/scenario.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>

#include "actors/base/clock.hpp"
#include "actors/runtime/runtime.hpp"
#include "apps/inference/stages.hpp"

namespace millrace::inference {
namespace {

using Steady = std::chrono::steady_clock;

/// Time after the last deadline for answers to reach the callers. After its deadline a request is
/// answered or a dead letter.
constexpr std::chrono::seconds answer_slack{30};

/// Sends one tenant's requests at their planned times. A request that the node does not accept at
/// once is turned away, not retried.
class Client {
 public:
  Client(Sender<Request> sender, Callers& callers, const Clock& clock)
      : sender_(std::move(sender)), callers_(&callers), clock_(&clock) {}

  void run(const ScenarioOptions& options, std::size_t number, Steady::time_point begin) {
    const Tenant& tenant = options.tenants[number];
    const std::chrono::microseconds deadline = tenant.deadline;
    LoadStream load(tenant, number, options.requests_per_s * tenant.share, options.model.prompt_max,
                    options.seed);
    for (auto planned = load.next(); planned.at < options.duration; planned = load.next()) {
      const auto early = begin + planned.at - Steady::now();
      wait_really(std::chrono::duration_cast<std::chrono::microseconds>(early));
      const Request& request = planned.request;
      const TimeUs now_us = clock_->now_us();
      callers_->ask(number, request, now_us, now_us + deadline.count());
      const Result<void> sent =
          sender_.try_send(request, {.priority = tenant.priority, .expires_in = deadline});
      if (!sent) callers_->turn_away(request.id());
    }
  }

 private:
  Sender<Request> sender_;
  Callers* callers_;
  const Clock* clock_;
};

Result<std::vector<Client>> make_clients(Runtime& runtime, const ScenarioOptions& options,
                                         Callers& callers) {
  std::vector<Client> clients;
  for (const Tenant& tenant : options.tenants) {
    auto sender = runtime.sender(requests_queue(), {.producer = tenant.name});
    if (!sender) return sender.error();
    clients.emplace_back(std::move(*sender), callers, runtime.clock());
  }
  return clients;
}

std::chrono::milliseconds longest_deadline(const ScenarioOptions& options) {
  std::chrono::milliseconds longest{0};
  for (const Tenant& tenant : options.tenants) longest = std::max(longest, tenant.deadline);
  return longest;
}

}  // namespace

CallerFigures ScenarioFigures::all() const {
  CallerFigures all;
  for (const CallerFigures& tenant : tenants) all.merge(tenant);
  return all;
}

double ScenarioFigures::answered_per_s() const {
  return seconds > 0 ? static_cast<double>(all().count(ANSWERED)) / seconds : 0;
}

double ScenarioFigures::mean_batch() const {
  std::uint64_t batches = 0;
  std::uint64_t requests = 0;
  for (std::size_t size = 0; size < batches_by_size.size(); ++size) {
    batches += batches_by_size[size];
    requests += batches_by_size[size] * size;
  }
  return batches > 0 ? static_cast<double>(requests) / static_cast<double>(batches) : 0;
}

Result<ScenarioFigures> run_scenario(const ScenarioOptions& options) {
  if (std::filesystem::exists(options.data_dir)) {
    return Error{ErrorCode::invalid_argument, options.data_dir.string() +
                                                  ": expected a directory that is not there yet, "
                                                  "as old requests would be answered again"};
  }
  const SystemClock clock;
  Model model(options.model, options.wait);
  Admission admission({.pending_max = options.pending_max,
                       .batch_max = options.batch.max,
                       .cost = options.model.cost});
  Callers callers(options.tenants.size());
  const Services services{
      .model = &model, .admission = &admission, .callers = &callers, .clock = &clock};

  RuntimeOptions runtime_options;
  runtime_options.data_dir = options.data_dir;
  runtime_options.shards = 1;  // one model: a single line keeps the priorities exact
  auto runtime = Runtime::start(runtime_options, {inference_pipeline(services, options.batch)});
  if (!runtime) return runtime.error();
  auto clients = make_clients(**runtime, options, callers);
  if (!clients) return clients.error();

  const auto begin = Steady::now();
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < clients->size(); ++i) {
      threads.emplace_back(
          [&options, &client = (*clients)[i], i, begin] { client.run(options, i, begin); });
    }
  }
  ScenarioFigures figures;
  figures.unanswered = callers.wait_for_all(longest_deadline(options) + answer_slack);
  figures.seconds = std::chrono::duration<double>(Steady::now() - begin).count();
  if (auto stopped = (*runtime)->stop(); !stopped) return stopped.error();
  figures.tenants = callers.figures();
  figures.batches_by_size = model.batches_by_size();
  figures.mismatched = callers.mismatched();
  return figures;
}

}  // namespace millrace::inference
