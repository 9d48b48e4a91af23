#include "cluster/transport/net/caf_transport.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/all.hpp>
#include <caf/error.hpp>
#include <caf/io/all.hpp>
#include <spdlog/spdlog.h>

#include "actors/base/assert.hpp"
#include "cluster/transport/links/peer_link.hpp"
#include "cluster/transport/links/peer_links.hpp"
#include "cluster/transport/net/transport_actor.hpp"

namespace millrace::transport {
namespace {

/// Waits until all counted actors have ended. Thread-safe.
class ExitLatch {
 public:
  void add(const caf::actor& actor) {
    const auto state = state_;
    {
      const std::lock_guard lock(state->mutex);
      ++state->running;
    }
    actor->attach_functor([state](const caf::error&) {
      const std::lock_guard lock(state->mutex);
      --state->running;
      state->changed.notify_all();
    });
  }

  [[nodiscard]] bool wait_until(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_until(lock, deadline, [this] { return state_->running == 0; });
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t running = 0;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

using DeliverAtom = caf::atom_constant<caf::atom("deliver")>;
/// Delivers the pending notices, then ends the actor.
using FinishAtom = caf::atom_constant<caf::atom("finish")>;

caf::actor spawn_delivery(caf::actor_system& system, std::shared_ptr<PeerLink> link,
                          TransportListener& listener) {
  return system.spawn<caf::detached>(
      [link = std::move(link), &listener](caf::event_based_actor* self) -> caf::behavior {
        return {
            [link, &listener](DeliverAtom) { deliver(*link, listener); },
            [link, &listener, self](FinishAtom) {
              deliver(*link, listener);
              self->quit();
            },
        };
      });
}

using SteadyTime = std::chrono::steady_clock::time_point;

// Keeps the config alive as long as the system, which refers to it.
struct ActorSystem {
  explicit ActorSystem(const TransportOptions& options) : config(options) {}

  TransportActorConfig config;
  caf::actor_system system{config};
};

// Destroys the system on a thread of its own, because its destructor waits for sockets and actors
// without a limit. Returns false if that takes longer than `deadline`; the thread then keeps
// running.
bool end_by(std::unique_ptr<ActorSystem> system, SteadyTime deadline) {
  std::promise<void> ended;
  auto future = ended.get_future();
  std::thread([system = std::move(system), ended = std::move(ended)]() mutable {
    system.reset();
    ended.set_value();
  }).detach();
  return future.wait_until(deadline) == std::future_status::ready;
}

}  // namespace

class CafTransport::Parts {
 public:
  Parts(TransportOptions given, std::shared_ptr<TlsSource> source)
      : options(std::move(given)), tls(std::move(source)), links(options) {}

  void spawn(const Listening& listening, TransportListener& listener);
  Result<void> stop();
  Result<void> set_peers(std::vector<Peer> peers);

  const TransportOptions options;
  const std::shared_ptr<TlsSource> tls;  ///< nullptr: plain
  PeerLinks links;
  std::uint16_t port = 0;

 private:
  // Starts the delivery to the listener for each link that has none. REQUIRES: mutex_ is held.
  void spawn_deliveries();

  std::mutex mutex_;  // serializes start, stop and set_peers
  TransportListener* listener_ = nullptr;
  std::unique_ptr<ActorSystem> actors_;
  caf::actor broker_;
  caf::actor resolver_;
  std::vector<caf::actor> deliveries_;
  ExitLatch broker_exit_;
  ExitLatch delivery_exit_;
};

void CafTransport::Parts::spawn(const Listening& listening, TransportListener& listener) {
  const std::lock_guard lock(mutex_);
  port = listening.port;
  actors_ = std::make_unique<ActorSystem>(options);
  caf::actor_system& system = actors_->system;
  auto slots = std::make_shared<ResolvedSlots>();
  resolver_ = spawn_resolver(system, links, slots);
  broker_ = spawn_transport(system, {options, tls, &links, resolver_, std::move(slots)}, listening);
  broker_exit_.add(broker_);
  listener_ = &listener;
  spawn_deliveries();
}

void CafTransport::Parts::spawn_deliveries() {
  caf::actor_system& system = actors_->system;
  const auto all = links.all();
  for (std::size_t i = deliveries_.size(); i < all.size(); ++i) {
    deliveries_.push_back(spawn_delivery(system, all[i], *listener_));
    delivery_exit_.add(deliveries_.back());
    all[i]->attach(
        [broker = broker_, i] {
          caf::anon_send(broker, FlushAtom::value, static_cast<std::uint32_t>(i));
        },
        [delivery = deliveries_.back()] { caf::anon_send(delivery, DeliverAtom::value); });
  }
  // Spawning stored a reference to the system's logger in this thread; the system's destructor
  // waits until it is released.
  caf::logger::set_current_actor_system(nullptr);
}

Result<void> CafTransport::Parts::set_peers(std::vector<Peer> peers) {
  TransportOptions wanted = options;
  wanted.peers = std::move(peers);
  if (auto checked = check_options(wanted); !checked) return checked;
  const std::lock_guard lock(mutex_);
  if (auto set = links.set(wanted.peers); !set) return set;
  if (!actors_) return {};
  spawn_deliveries();
  caf::anon_send(broker_, PeersAtom::value);
  return {};
}

Result<void> CafTransport::Parts::stop() {
  const std::lock_guard lock(mutex_);
  if (!actors_) return {};
  const auto deadline =
      std::chrono::steady_clock::now() + options.drain_timeout + options.teardown_timeout;
  for (const auto& link : links.all()) link->drain();
  caf::anon_send(broker_, StopAtom::value);
  bool in_time = broker_exit_.wait_until(deadline);
  for (const auto& delivery : deliveries_) caf::anon_send(delivery, FinishAtom::value);
  in_time = delivery_exit_.wait_until(deadline) && in_time;
  for (const auto& link : links.all()) link->detach();
  caf::anon_send_exit(resolver_, caf::exit_reason::kill);
  broker_ = resolver_ = nullptr;
  deliveries_.clear();
  in_time = end_by(std::move(actors_), deadline) && in_time;
  if (in_time) return {};
  spdlog::error("transport: did not stop in time; what is left of it stays until the process ends");
  return Error{ErrorCode::timeout, "the transport did not stop in time"};
}

CafTransport::CafTransport(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

CafTransport::~CafTransport() {
  (void)stop();
}

Result<std::unique_ptr<CafTransport>> CafTransport::make(TransportOptions options) {
  if (auto checked = check_options(options); !checked) return checked.error();
  std::shared_ptr<TlsSource> tls;
  if (options.tls) {
    auto source = TlsSource::open(options.own.node, *options.tls);
    if (!source) return source.error();
    tls = std::move(*source);
  } else if (!options.peers.empty()) {
    spdlog::warn("transport: no tls: links are neither secret nor proven, so loopback only");
  }
  return std::unique_ptr<CafTransport>(
      new CafTransport(std::make_unique<Parts>(std::move(options), std::move(tls))));
}

Result<void> CafTransport::start(TransportListener& listener) {
  MILLRACE_ASSERT(parts_->port == 0);
  auto listening = listen_on(parts_->options.listen);
  if (!listening) return listening.error();
  parts_->spawn(*listening, listener);
  spdlog::info("transport: node '{}' listens on {}:{}", parts_->options.own.node,
               parts_->options.listen.host, parts_->port);
  return {};
}

Result<void> CafTransport::stop() {
  return parts_->stop();
}

Result<void> CafTransport::send(std::string_view peer, Frame&& frame) {
  return parts_->links.send(peer, std::move(frame));
}

Result<void> CafTransport::reject(std::string_view peer, Error reason) {
  return parts_->links.reject(peer, std::move(reason));
}

Result<LinkStatus> CafTransport::status(std::string_view peer) const {
  return parts_->links.status(peer);
}

Result<void> CafTransport::reload_tls(const std::optional<TlsFiles>& files) {
  if (files && parts_->tls) return parts_->tls->reload(*files);
  if (!files && !parts_->tls) return {};
  return Error{ErrorCode::invalid_argument,
               files ? "tls: expected none, as the node started without; it begins at a start"
                     : "tls: expected its files, as the node started with them, got none"};
}

Result<void> CafTransport::set_peers(std::vector<Peer> peers) {
  return parts_->set_peers(std::move(peers));
}

std::uint16_t CafTransport::port() const {
  return parts_->port;
}

}  // namespace millrace::transport
