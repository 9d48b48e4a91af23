#include "apps/testing/pipeline_cluster.hpp"

#include <algorithm>
#include <set>

#include "actors/pipeline/wiring.hpp"
#include "actors/stage/message_options.hpp"
#include "messages/envelope.hpp"
#include "messages/hash.hpp"

namespace millrace::cluster_testing {
namespace {

constexpr std::uint64_t check_ticks = 500;  // between two checks of all logs
constexpr std::uint64_t rest_ticks = 20;    // between two looks whether all is done

std::vector<std::string> names_of(std::uint32_t nodes) {
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < nodes; ++i) names.emplace_back(1, static_cast<char>('a' + i));
  return names;
}

std::vector<std::string> dead_letters_of(const std::vector<PipelineSpec>& pipelines) {
  std::vector<std::string> names;
  for (const WiredQueue& queue : analyse_wiring(pipelines).queues) {
    if (queue.is_dead_letter) names.push_back(queue.name);
  }
  return names;
}

// The queues of each stage, as if it had a role of its own; and those that no stage reads. Empty: two
// stages share a queue.
std::vector<moves::QueueGroup> groups_by_role(const std::vector<PipelineSpec>& pipelines,
                                              std::uint32_t shards,
                                              const std::vector<std::string>& names) {
  std::size_t stages = 0;
  std::vector<moves::QueueGroup> groups = groups_by_stage(
      pipelines, shards, names, [&](const std::string& /*source*/, std::uint32_t shard) {
        return names[(shard + stages++ / shards) % names.size()];
      });
  std::set<std::string> grouped;
  for (const moves::QueueGroup& group : groups) {
    for (const std::string& queue : group.queues) {
      if (!grouped.insert(queue).second) return {};
    }
  }
  moves::QueueGroup unread;
  for (const WiredQueue& queue : analyse_wiring(pipelines).queues) {
    if (!grouped.contains(queue.name)) unread.queues.push_back(queue.name);
  }
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    unread.homes.push_back(names[shard % names.size()]);
  }
  unread.nodes = names;
  if (!unread.queues.empty()) groups.push_back(std::move(unread));
  return groups;
}

std::vector<moves::QueueGroup> groups_of(const std::vector<PipelineSpec>& pipelines,
                                         std::uint32_t shards,
                                         const std::vector<std::string>& names, bool by_role) {
  if (by_role) {
    auto groups = groups_by_role(pipelines, shards, names);
    if (!groups.empty()) return groups;
  }
  return one_group(pipelines, shards, names,
                   [&names](std::uint32_t shard) { return names[shard % names.size()]; });
}

std::vector<PipelineSpec> watched(CallBook& calls, std::vector<PipelineSpec> pipelines) {
  calls.watch(pipelines);
  return pipelines;
}

}  // namespace

PipelineCluster::PipelineCluster(std::vector<PipelineSpec> pipelines,
                                 const ClusterTestOptions& options)
    : SimulatedCluster(options.seed, static_cast<std::uint32_t>(options.down_max.count()), 0),
      options_(options),
      names_(names_of(options.nodes)),
      pipelines_(watched(calls_, std::move(pipelines))),
      groups_(groups_of(pipelines_, options.shards, names_, options.seed % 2 == 1)),
      trace_(options.events_max),
      ledger_(names_, pipelines_, dead_letters_of(pipelines_), calls_, trace_),
      read_(options.nodes) {
  for (const std::string& name : names_) {
    auto made = std::make_unique<SimulatedNode>();
    made->name = name;
    give_clock(*made);
    MovingNodeOptions setup;
    setup.node.shards = options_.shards;
    setup.node.seed = options_.seed + name[0];
    setup.node.limits = options_.limits;
    setup.node.first_generation = static_cast<std::uint64_t>(name[0]) * 1'000'000;
    setup.pipelines = pipelines_;
    setup.groups = groups_;
    setup.others = names_;
    std::erase(setup.others, name);
    build(*made, std::move(setup));
    start(adopt(std::move(made)));
  }
  read_logs();
}

PipelineCluster::~PipelineCluster() {
  kill_all();
}

void PipelineCluster::send(const std::string& queue, const std::string& type, std::string key,
                           std::string payload, MessageOptions options) {
  Unsent& unsent = unsent_.emplace_back(Unsent{queue, type, {}, std::move(options)});
  unsent.envelope.set_key(std::move(key));
  unsent.envelope.set_payload(std::move(payload));
  ++sent_;
}

// Messages of a key come from one client, because only these have an order.
void PipelineCluster::offer(Unsent unsent) {
  pb::Envelope& envelope = unsent.envelope;
  const bool has_key = !envelope.key().empty();
  const std::uint64_t choice =
      has_key ? hash_key(envelope.key()) / options_.shards + options_.seed : random_();
  const std::size_t at = choice % all().size();
  SimulatedNode& node = *all()[at];
  const TimeUs now_us = node.clock->now_us();
  envelope.set_born_at_us(now_us);
  if (unsent.options.priority >= 0) set_priority(envelope, unsent.options.priority);
  set_times(envelope, unsent.options, now_us);
  envelope.set_idempotency_key(unsent.options.idempotency_key);
  const std::uint32_t shard = has_key ? shard_of(envelope.key(), options_.shards) : 0;
  Offered& offered = offered_[{at, unsent.queue, shard}];
  const MessageId id =
      offer_id(node.name + "/test/" + std::to_string(shard), offered.ids.size() + 1);
  offered.ids.push_back(id);
  ledger_.sent(unsent.queue, id, envelope);
  trace_.note("a client of " + node.name + " sends to " + unsent.queue + ":", unsent.type,
              std::make_shared<const pb::Envelope>(envelope));
  node.node->send(unsent.queue, unsent.type, std::move(envelope));
}

void PipelineCluster::offer_some(std::size_t count) {
  for (; count > 0 && !unsent_.empty(); --count) {
    Unsent next = std::move(unsent_.front());
    unsent_.pop_front();
    offer(std::move(next));
  }
}

void PipelineCluster::run(std::chrono::milliseconds span, const Trouble* trouble) {
  const auto ticks = static_cast<std::uint64_t>(span.count());
  const std::uint64_t last_offer = ticks / 5 * 4;  // the last ones meet some trouble, too
  for (std::uint64_t i = 0; i < ticks && violation().empty(); ++i) {
    const std::uint64_t left = i < last_offer ? last_offer - i : 1;
    offer_some(unsent_.size() / left + (random_() % left < unsent_.size() % left ? 1 : 0));
    step(trouble);
  }
}

void PipelineCluster::step(const Trouble* trouble) {
  trace_.set_time(static_cast<TimeUs>(ticks_) * 1'000);
  if (trouble != nullptr) make_trouble(*trouble);
  restart_down();
  tick();
  ++ticks_;
  read_logs();
  if (ticks_ % check_ticks != 0) return;
  check_confirmed();
  ledger_.check_logs();
}

// What becomes durable within a tick is independent of each other, but for records of one log.
void PipelineCluster::read_logs() {
  bool has_new = false;
  for (std::size_t i = 0; i < all().size(); ++i) {
    const std::vector<std::string>& records = all()[i]->node->log().records();
    for (; read_[i] < records.size(); ++read_[i]) {
      ledger_.apply(i, records[read_[i]]);
      has_new = true;
    }
  }
  if (has_new) check(invariants_);
}

void PipelineCluster::check(const std::vector<Invariant>& invariants) {
  if (!violation().empty()) return;
  for (const auto& [promise, holds] : invariants) {
    if (holds(ledger_)) continue;
    broken_ = "an invariant does not hold: " + promise;
    return;
  }
}

void PipelineCluster::check_confirmed() {
  for (auto& [key, offered] : offered_) {
    const std::uint64_t confirmed = all()[key.node]->node->confirmed(key.queue, key.shard);
    for (; offered.confirmed < confirmed; ++offered.confirmed) {
      ledger_.confirmed(key.queue, offered.ids[offered.confirmed]);
    }
  }
}

bool PipelineCluster::has_unconfirmed() const {
  return std::any_of(offered_.begin(), offered_.end(), [this](const auto& each) {
    const auto& [key, offered] = each;
    return all()[key.node]->node->confirmed(key.queue, key.shard) < offered.ids.size();
  });
}

bool PipelineCluster::is_idle() const {
  const bool is_busy = std::any_of(all().begin(), all().end(), [](const auto& node) {
    return !node->node->is_up() || node->node->log().proposed() > 0 || node->moving->is_giving_up();
  });
  return !is_busy && ledger_.is_at_rest() && !has_unconfirmed();
}

void PipelineCluster::heal() {
  network_.set_faults({});
  mend_links();
  for (const auto& node : all()) {
    // A node that drains accepts no offers.
    if (node->ticks_left > 0) kill(*node);
    if (!node->node->is_up()) start(*node);
  }
}

ClusterReport PipelineCluster::settle() {
  if (!violation().empty()) return report();
  trace_.note("the trouble ends");
  heal();
  offer_some(unsent_.size());
  const auto most = static_cast<std::uint64_t>(options_.settle_max.count());
  const auto for_timers = static_cast<std::uint64_t>(options_.timers_max.count());
  for (std::uint64_t i = 0; i < most && violation().empty(); ++i) {
    if (i % rest_ticks == 0 && is_idle() && (ledger_.timers() == 0 || i >= for_timers)) break;
    step(nullptr);
  }
  if (violation().empty()) check_end();
  return report();
}

void PipelineCluster::check_end() {
  check_confirmed();
  ledger_.check_end();
  check(invariants_);
  check(at_end_);
  if (violation().empty() && !is_idle()) {
    broken_ = "not at rest: an offer was not confirmed, or a shard is still moving";
  }
}

std::string PipelineCluster::violation() const {
  if (!ledger_.violation().empty()) return ledger_.violation();
  if (!broken_.empty()) return broken_;
  return SimulatedCluster::violation();
}

ClusterReport PipelineCluster::report() const {
  ClusterReport report;
  report.seed = options_.seed;
  report.violation = violation();
  if (!report.violation.empty()) report.events = trace_.lines();
  report.trace_hash = trace_.hash();
  report.differing = calls_.differing();
  report.sent = sent_;
  report.handled = ledger_.handled_total();
  report.dead = ledger_.dead_total();
  report.calls = calls_.calls();
  report.crashes = counts_so_far().kills;
  report.moves = counts_so_far().moves;
  report.steps = counts_so_far().steps;
  report.virtual_ms = ticks_;
  return report;
}

}  // namespace millrace::cluster_testing
