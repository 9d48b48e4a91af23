#include "cluster/node/cluster_node.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include <spdlog/spdlog.h>
#include <sysexits.h>

#include "actors/base/clock.hpp"
#include "actors/base/log_queue.hpp"
#include "actors/engines/seats.hpp"
#include "cluster/config/address.hpp"
#include "cluster/config/file/load.hpp"
#include "cluster/config/seats.hpp"
#include "cluster/federation/federated_node.hpp"
#include "cluster/http/service/http_service.hpp"
#include "cluster/http/service/runtime_api.hpp"
#include "cluster/move/node_federation.hpp"
#include "cluster/node/http_options.hpp"
#include "cluster/node/incarnation.hpp"
#include "cluster/node/kafka_door.hpp"
#include "cluster/node/log_engine.hpp"
#include "cluster/node/node_setup.hpp"
#include "cluster/node/node_view.hpp"
#include "cluster/node/own_directory.hpp"
#include "cluster/node/peer_questions.hpp"
#include "cluster/node/queue_definitions.hpp"
#include "cluster/node/queue_placement.hpp"
#include "cluster/node/seat_config.hpp"
#include "cluster/transport/net/caf_transport.hpp"

namespace millrace::cluster {
namespace {

/// Time for HTTP answers that are still being sent when all other parts have stopped.
constexpr std::chrono::milliseconds http_grace_max{2'000};
/// Time for what Kafka's clients have in progress before the runtime drains.
constexpr std::chrono::milliseconds kafka_grace_max{2'000};

using config::Config;

/// Dispatches frames by kind to federation (with calls), moves and membership.
class FrameRouter final : public transport::TransportListener {
 public:
  FrameRouter(federation::FederatedNode& federation, moves::NodeFederation& shards,
              Members& members, transport::Transport& transport, std::function<void()> on_lost)
      : federation_(federation),
        shards_(shards),
        members_(members),
        transport_(transport),
        on_lost_(std::move(on_lost)) {}

  void on_up(const std::string& peer, std::uint64_t incarnation) override {
    federation_.on_up(peer, incarnation);
    shards_.on_up(peer);
  }
  void on_frame(const std::string& peer, transport::Frame frame,
                transport::Credit credit) override {
    if (frame.kind == moves::move_frame || frame.kind == moves::gossip_frame) {
      return shards_.take(peer, std::move(frame), std::move(credit));
    }
    if (frame.kind != heartbeat_frame) {
      return federation_.on_frame(peer, std::move(frame), std::move(credit));
    }
    if (const auto taken = members_.take(peer, frame.bytes); !taken) {
      spdlog::warn("from {}: {}", peer, taken.error().message);
      std::ignore = transport_.reject(peer, taken.error());
    }
  }
  void on_writable(const std::string& peer) override { federation_.on_writable(peer); }
  void on_down(const std::string& peer, const Error& reason) override {
    federation_.on_down(peer, reason);
    shards_.on_down(peer);
    on_lost_();
  }

 private:
  federation::FederatedNode& federation_;
  moves::NodeFederation& shards_;
  Members& members_;
  transport::Transport& transport_;
  const std::function<void()> on_lost_;  ///< a link went down
};

void confirm(const std::filesystem::path& data_dir, std::uint64_t incarnation) {
  if (const auto confirmed = confirm_directory(data_dir, incarnation); !confirmed) {
    spdlog::warn("the next start takes the data directory for a copy again: {}",
                 confirmed.error().message);
  }
}

[[noreturn]] void stop_fenced(int status) {
  spdlog::critical("the node stops: a later start of it is in the cluster");
  flush_log();
  std::_Exit(status);
}

Members::Options member_options(const Config& config, std::uint64_t incarnation) {
  Members::Options options;
  options.limits.heartbeat_us = config.membership.heartbeat.count();
  options.limits.late_max_us = options.limits.heartbeat_us;
  options.limits.detector.phi_max = config.membership.phi_threshold;
  options.limits.detector.pause_acceptable_us = config.membership.acceptable_pause.count();
  options.limits.detector.interval_first_us = options.limits.heartbeat_us;
  options.self.set_name(config.node.name);
  options.self.set_address(config.listen.cluster);
  options.self.set_incarnation(incarnation);
  for (const config::MemberConfig& member : config.cluster.nodes) {
    if (member.name != config.node.name) options.others.emplace(member.name, member.address);
  }
  // With seats, another process has taken this one's: started again, this one waits for another seat.
  const bool has_lost_seat = config.log.engine == config::LogEngine::postgres;
  options.on_fenced = [status = has_lost_seat ? EX_TEMPFAIL : EXIT_FAILURE] {
    stop_fenced(status);
  };
  return options;
}

}  // namespace

class ClusterNode::Parts {
 public:
  Parts(Config told, std::vector<postgres_log::Seat> seen, std::uint64_t incarnation,
        std::vector<PipelineSpec> specs, const QueuePlacement& placement,
        std::unique_ptr<transport::CafTransport> made, bool accepts_loss,
        std::function<void()> on_compared)
      : name(told.node.name),
        configured(std::move(told)),
        seats(std::move(seen)),
        config(with_seats(configured, seats)),
        pipelines(std::move(specs)),
        table(config.node.name, placement.layout()),
        transport(std::move(made)),
        calls(config.node.name, incarnation, *transport, clock),
        others(
            config.node.name, *transport,
            [this](const std::string& queue, std::uint32_t shard) {
              return table.owner(queue, shard);
            },
            &calls),
        federation(config.node.data_dir, others, table, *transport, clock, incarnation,
                   accepts_loss, std::move(on_compared)),
        members(member_options(config, incarnation), *transport, clock),
        router(others, federation, members, *transport, [this] { hurry(); }) {}

  /// Reads when the certificates end. Requires `view`.
  void note_certificates(const config::TlsConfig& tls) const {
    const auto end = config::certificates_end(tls);
    view->set_certificates_end(end ? static_cast<TimeUs>(*end) * 1'000'000 : 0);
  }

  /// Starts the HTTP API. Requires a running `runtime`.
  Result<void> open_http(const Options& options);
  /// Opens the door for Kafka's clients, if the configuration has one. As open_http().
  Result<void> open_kafka(std::uint64_t incarnation);
  /// Tells the others where this node is reached, and looks where they are. Requires all below.
  Result<void> watch_seats(const LogEngine& log, std::uint64_t incarnation);

  /// Takes nodes, addresses, weights, roles and overrides; fails as QueuePlacement::make() and
  /// CafTransport::set_peers(), and then changes nothing. REQUIRES: config_mutex is held.
  Result<void> take_nodes();
  /// A link is missed: its peer may be another process, at another address.
  void hurry() {
    const std::lock_guard lock(watch_mutex);
    if (watch) watch->hurry();
  }

  const std::string name;                          ///< of the node
  std::mutex watch_mutex;                          ///< guards the pointer
  std::unique_ptr<postgres_log::SeatWatch> watch;  ///< null: there are no seats

  std::mutex config_mutex;                ///< guards the next three
  Config configured;                      ///< without what the seats say
  std::vector<postgres_log::Seat> seats;  ///< as seen last
  Config config;                          ///< of both
  const std::vector<PipelineSpec> pipelines;
  moves::ShardTable table;
  const SystemClock clock;
  std::unique_ptr<transport::CafTransport> transport;
  calls::PeerCalls calls;
  federation::FederatedNode others;
  moves::NodeFederation federation;
  Members members;
  FrameRouter router;
  std::shared_ptr<FollowedSeats> follows;  ///< null: none are; outlives the runtime
  std::unique_ptr<Runtime> runtime;
  PeerQuestions questions{calls};
  std::unique_ptr<NodeView> view;
  std::unique_ptr<http::RuntimeApi> api;
  std::unique_ptr<http::HttpService> http;
  std::unique_ptr<QueueDefinitions> definitions;
  std::unique_ptr<KafkaDoor> kafka;         ///< null: the node has none
  std::unique_ptr<OwnDirectory> directory;  ///< null: node.data_dir is of this node alone
  std::atomic<bool> is_stopped = false;
  bool has_leftovers = false;  ///< the drain failed: actors of the runtime still run
};

Result<void> ClusterNode::Parts::open_http(const Options& options) {
  const auto wanted = http_options(config);
  if (!wanted) return wanted.error();
  view = std::make_unique<NodeView>(
      NodeView::Options{options.version, clock.now_us(), options.on_drain}, config, members, table,
      federation);
  note_certificates(config.tls);
  api = std::make_unique<http::RuntimeApi>(*runtime, *view, &questions);
  auto server = http::HttpService::start(*wanted, *api, options.resources);
  if (!server) return server.error();
  http = std::move(*server);
  questions.serve(*http);
  spdlog::info("HTTP API at {}", http->address());
  return {};
}

Result<void> ClusterNode::Parts::open_kafka(std::uint64_t incarnation) {
  if (config.kafka.listen.empty()) return {};
  auto door =
      KafkaDoor::open(config, pipelines,
                      {.runtime = runtime.get(),
                       .peers = &calls,
                       .owner = [this](const std::string& queue,
                                       std::uint32_t shard) { return table.owner(queue, shard); },
                       .incarnation = incarnation});
  if (!door) return door.error();
  kafka = std::move(*door);
  api->set_topics(kafka->levers());
  return {};
}

Result<void> ClusterNode::Parts::take_nodes() {
  Config next = with_seats(configured, seats);
  const auto placement = QueuePlacement::make(next, pipelines);
  if (!placement) return placement.error();
  auto options = transport_options(next, 1, incarnations_of(seats));
  if (!options) return options.error();
  if (auto set = transport->set_peers(std::move(options->peers)); !set) return set.error();
  members.set_others(member_options(next, 1).others);
  view->set_nodes(next.cluster.nodes);
  if (placement->layout().digest != table.layout()->digest) {
    federation.set_layout(placement->layout());
  }
  config = std::move(next);
  return {};
}

Result<void> ClusterNode::Parts::watch_seats(const LogEngine& log, std::uint64_t incarnation) {
  const auto http_at = config::parse_address(http->address());
  const auto own = config::advertised(config, transport->port(), http_at ? http_at->port : 0);
  postgres_log::Options options = log.options;
  options.node = config.node.name;
  auto started = postgres_log::SeatWatch::start(
      options, {incarnation, own.cluster, own.http},
      [this](const std::vector<postgres_log::Seat>& seen) {
        const std::lock_guard lock(config_mutex);
        seats = seen;
        if (const auto taken = take_nodes(); !taken) {
          spdlog::error("the seats in the database cannot be used: {}", taken.error().message);
        }
      });
  if (!started) return started.error();
  members.set_address(own.cluster);
  const std::lock_guard lock(watch_mutex);
  watch = *std::move(started);
  return {};
}

Result<std::unique_ptr<ClusterNode>> ClusterNode::start(const Config& told,
                                                        std::vector<PipelineSpec> pipelines,
                                                        const Options& options) {
  auto specs = configured(std::move(pipelines), told);
  if (!specs) return specs.error();
  LogEngine log = options.log;
  if (!log.engine) {
    auto made = make_log_engine(told);
    if (!made) return made.error();
    log = *std::move(made);
  }
  // Before a seat is taken, so that a mistake costs none; the seats are not known yet.
  if (!told.has_seats()) {
    if (const auto placed = QueuePlacement::make(told, *specs); !placed) return placed.error();
  }
  const auto follows = follow_seats(told, log, *specs);
  if (follows) log.follows->set(follows);
  auto taken = take_start(told, log, SystemClock().now_us());
  if (follows) log.follows->set(nullptr);
  if (!taken) return taken.error();
  const std::uint64_t incarnation = taken->incarnation;
  Config named = told;
  std::unique_ptr<OwnDirectory> directory;
  if (named.node.name == config::any_seat) {
    spdlog::info("this process is node {} now, incarnation {}", taken->node, incarnation);
    auto own = OwnDirectory::take(told.node.data_dir, taken->node);
    if (!own) return own.error();
    directory = *std::move(own);
    named.node.name = taken->node;
    named.node.data_dir = directory->path().string();
    for (const config::MemberConfig& member : named.cluster.nodes) {
      if (member.name == taken->node) named.node.roles = member.roles;
    }
    if (options.on_named) options.on_named(taken->node);
  }
  const auto seats = log.seats ? log.seats->get() : std::vector<postgres_log::Seat>();
  const Config config = with_seats(named, seats);
  auto placement = QueuePlacement::make(config, *specs);
  if (!placement) return placement.error();
  std::function<void()> on_compared;
  if (taken->is_copy) {
    on_compared = [data_dir = config.node.data_dir, number = incarnation] {
      confirm(data_dir, number);
    };
    const bool is_alone = config.cluster.nodes.size() <= 1;
    if (is_alone || options.accepts_loss) std::exchange(on_compared, nullptr)();
  }
  auto wanted = transport_options(config, incarnation, incarnations_of(seats));
  if (!wanted) return wanted.error();
  auto transport = transport::CafTransport::make(std::move(*wanted));
  if (!transport) return transport.error();

  auto parts =
      std::make_unique<Parts>(named, seats, incarnation, std::move(*specs), *placement,
                              std::move(*transport), options.accepts_loss, std::move(on_compared));
  parts->directory = std::move(directory);
  RuntimeOptions runtime = runtime_options(config);
  runtime.accepts_loss = options.accepts_loss;
  runtime.metrics = options.metrics;
  runtime.engine = log.engine;
  runtime.opened = std::move(taken->log);
  runtime.topic_queues = topic_queues(config, parts->pipelines);
  runtime.make_defined_stage = defined_stage;
  if (follows) runtime.followed = follows->take(taken->node);
  parts->follows = follows;
  if (options.adjust) options.adjust(runtime);
  auto running = Runtime::start(std::move(runtime), parts->pipelines, &parts->federation);
  if (!running) return running.error();
  parts->runtime = std::move(*running);
  std::unique_ptr<ClusterNode> node(new ClusterNode(std::move(parts)));
  if (options.before_http) options.before_http();
  if (auto opened = node->parts_->open_http(options); !opened) return opened.error();
  if (auto linked = node->parts_->transport->start(node->parts_->router); !linked) {
    return linked.error();
  }
  if (auto opened = node->parts_->open_kafka(incarnation); !opened) return opened.error();
  node->parts_->definitions = std::make_unique<QueueDefinitions>(
      node->parts_->runtime->defined_queues(), node->parts_->calls);
  if (log.engine) {
    if (auto watched = node->parts_->watch_seats(log, incarnation); !watched) {
      return watched.error();
    }
  }
  node->parts_->members.start();
  node->parts_->members.advance(pb::MEMBER_UP);
  node->check_certificates();
  spdlog::info("node {} of cluster {} {}, incarnation {}", config.node.name, config.cluster.name,
               node->parts_->federation.must_compare() ? "compares its data directory" : "serves",
               incarnation);
  return node;
}

ClusterNode::ClusterNode(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

ClusterNode::~ClusterNode() {
  if (const auto stopped = stop(std::chrono::seconds(30)); !stopped) {
    spdlog::warn("stopped without a clean drain: {}", stopped.error().message);
  }
  // Actors that still run use the parts, so the parts are leaked.
  if (parts_->has_leftovers) static_cast<void>(parts_.release());
}

Result<void> ClusterNode::stop(std::chrono::milliseconds timeout) {
  if (parts_->is_stopped.exchange(true)) return {};
  if (parts_->watch) parts_->watch->stop();
  parts_->members.advance(pb::MEMBER_LEAVING);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  parts_->definitions.reset();
  if (parts_->kafka) parts_->kafka->stop(std::min(timeout / 4, kafka_grace_max));
  Result<void> drained = parts_->runtime->stop(timeout);
  parts_->has_leftovers = !drained;
  // Only answers that are being sent are left; wait for them.
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  if (parts_->http) {
    parts_->http->stop(std::clamp(left, std::chrono::milliseconds(100), http_grace_max));
  }
  parts_->members.advance(pb::MEMBER_REMOVED);
  parts_->members.stop();
  if (const auto ended = parts_->transport->stop(); !ended) {
    spdlog::warn("the transport was cut short: {}", ended.error().message);
  }
  return drained;
}

Result<void> ClusterNode::reload(const Config& config) {
  Parts& parts = *parts_;
  const std::lock_guard lock(parts.config_mutex);
  Config next = parts.configured;
  next.cluster.nodes = config.cluster.nodes;
  next.cluster.overrides = config.cluster.overrides;
  if (config.node.name != config::any_seat) next.node.roles = config.node.roles;
  next.tls = config.tls;
  const auto placement = QueuePlacement::make(with_seats(next, parts.seats), parts.pipelines);
  if (!placement) return placement.error();
  if (auto renewed = parts.transport->reload_tls(tls_files(next.tls)); !renewed) {
    return renewed.error();
  }
  parts.note_certificates(next.tls);
  check_certificates();
  Config before = std::exchange(parts.configured, std::move(next));
  auto taken = parts.take_nodes();
  if (!taken) parts.configured = std::move(before);
  return taken;
}

void ClusterNode::check_certificates() const {
  constexpr DurationUs day_us = 86'400'000'000;
  const TimeUs end_us = parts_->view->status().certificates_end_us;
  if (end_us == 0) return;
  const DurationUs left_us = end_us - parts_->clock.now_us();
  if (left_us > http::certificates_notice_us) return;
  spdlog::warn(
      "the certificates of this node {} {} days{}: see \"Renew certificates\" in "
      "docs/operations.md",
      left_us < 0 ? "ended" : "end in", std::abs(left_us) / day_us,
      left_us < 0 ? " ago, and it gets no new links" : "");
}

Runtime& ClusterNode::runtime() {
  return *parts_->runtime;
}

std::vector<MemberView> ClusterNode::members() const {
  return parts_->members.view();
}

const std::string& ClusterNode::name() const {
  return parts_->name;
}

const std::string& ClusterNode::http_address() const {
  return parts_->http->address();
}

std::uint16_t ClusterNode::port() const {
  return parts_->transport->port();
}

std::string ClusterNode::owner(const std::string& queue, std::uint32_t shard) const {
  return parts_->table.owner(queue, shard);
}

void ClusterNode::move_shard(const std::string& role, std::uint32_t shard, const std::string& to,
                             std::function<void(Result<void>)> done) {
  parts_->federation.move(role, shard, to, std::move(done));
}

calls::PeerCalls& ClusterNode::calls() {
  return parts_->calls;
}

const std::vector<PipelineSpec>& ClusterNode::pipelines() const {
  return parts_->pipelines;
}

}  // namespace millrace::cluster
