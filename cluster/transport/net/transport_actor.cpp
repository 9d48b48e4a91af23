#include "cluster/transport/net/transport_actor.hpp"

#include <chrono>
#include <random>
#include <utility>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include "cluster/transport/links/link_manager.hpp"

namespace millrace::transport {
namespace {

using TickAtom = caf::atom_constant<caf::atom("tick")>;
using caf::io::connection_handle;

constexpr std::size_t read_bytes = 64 * 1024;

TimeUs now_us() {
  return to_us(std::chrono::steady_clock::now().time_since_epoch());
}

class Broker final : public Sockets {
 public:
  Broker(caf::io::broker* self, TransportSetup setup, caf::io::accept_handle door)
      : self_(self),
        setup_(std::move(setup)),
        door_(door),
        manager_(
            setup_.options, setup_.links->all(), *this,
            [tls = setup_.tls](TlsContext::Role role) -> std::unique_ptr<Channel> {
              if (!tls) return std::make_unique<PlainChannel>();
              return tls->current()->make_channel(role);
            },
            std::random_device{}()) {
    manager_.set_peers(setup_.links->entries(), now_us());
  }

  caf::behavior behavior();

  Result<std::optional<SocketId>> dial(std::size_t peer) override;
  std::vector<char>& buffer(SocketId socket) override {
    return self_->wr_buf(connection_handle::from_int(socket));
  }
  void flush(SocketId socket) override { self_->flush(connection_handle::from_int(socket)); }
  void cut(SocketId socket) override;

 private:
  void tick();
  Result<SocketId> dial(std::size_t peer, const Result<std::vector<SocketAddress>>& addresses);

  caf::io::broker* self_;
  TransportSetup setup_;
  caf::io::accept_handle door_;
  LinkManager manager_;
  std::size_t attempts_ = 0;
};

caf::behavior Broker::behavior() {
  self_->delayed_send(self_, std::chrono::milliseconds(0), TickAtom::value);
  return {
      [this](TickAtom) { tick(); },
      [this](FlushAtom, std::uint32_t peer) { manager_.flush(peer); },
      [this](ResolvedAtom, std::uint32_t peer) {
        manager_.dialed(peer, dial(peer, setup_.resolved->get(peer)), now_us());
      },
      [this](PeersAtom) { manager_.set_peers(setup_.links->entries(), now_us()); },
      [this](StopAtom) {
        self_->close(door_);
        manager_.drain(now_us());
      },
      [this](const caf::io::new_connection_msg& made) {
        self_->configure_read(made.handle, caf::io::receive_policy::at_most(read_bytes));
        manager_.accepted(made.handle.id(), now_us());
      },
      [this](const caf::io::new_data_msg& data) {
        manager_.received(data.handle.id(), {data.buf.data(), data.buf.size()}, now_us());
      },
      [this](const caf::io::connection_closed_msg& gone) {
        manager_.ended(gone.handle.id(), now_us());
      },
      [](const caf::io::acceptor_closed_msg&) {
        spdlog::error("transport: the listening socket failed; no peer can dial this node");
      },
  };
}

void Broker::tick() {
  manager_.tick(now_us());
  if (manager_.is_finished()) return self_->quit();
  self_->delayed_send(self_, manager_.tick_pause(), TickAtom::value);
}

Result<std::optional<SocketId>> Broker::dial(std::size_t peer) {
  const auto known = resolve_number(setup_.links->peer(peer).address);
  if (!known) {
    self_->send(setup_.resolver, ResolveAtom::value, static_cast<std::uint32_t>(peer));
    return std::optional<SocketId>();
  }
  auto socket = dial(peer, known);
  if (!socket) return socket.error();
  return std::optional<SocketId>(*socket);
}

Result<SocketId> Broker::dial(std::size_t peer,
                              const Result<std::vector<SocketAddress>>& addresses) {
  if (!addresses) return addresses.error();
  // Each attempt uses the next address of the host.
  const SocketAddress& address = (*addresses)[attempts_++ % addresses->size()];
  if (!setup_.tls && !is_loopback(address.host())) {
    return Error{ErrorCode::unreachable, setup_.links->peer(peer).name + " is at " +
                                             address.host() +
                                             ": without tls only loopback is dialed"};
  }
  auto fd = transport::dial(address);
  if (!fd) return fd.error();
  const auto handle = self_->add_scribe(*fd);
  self_->configure_read(handle, caf::io::receive_policy::at_most(read_bytes));
  return handle.id();
}

// CAF's close waits without a limit for the peer and for unsent data, so an idle client could keep
// the socket open and the process alive. A prior shutdown of both directions makes close return at
// once. The socket id is the file descriptor, because CAF derives handles from it.
void Broker::cut(SocketId socket) {
  const auto handle = connection_handle::from_int(socket);
  if (!self_->valid(handle)) return;
  ::shutdown(static_cast<int>(socket), SHUT_RDWR);
  self_->close(handle);
}

}  // namespace

caf::actor spawn_transport(caf::actor_system& system, TransportSetup setup,
                           const Listening& listening) {
  return system.middleman().spawn_broker(
      [setup = std::move(setup), fd = listening.fd](caf::io::broker* self) mutable {
        const auto broker = std::make_shared<Broker>(self, std::move(setup), self->add_doorman(fd));
        // Keeps `broker`, which the handlers use, alive until the actor ends.
        self->attach_functor([broker](const caf::error&) {});
        return broker->behavior();
      });
}

caf::actor spawn_resolver(caf::actor_system& system, const PeerLinks& links,
                          std::shared_ptr<ResolvedSlots> slots) {
  return system.spawn<caf::detached>([links = &links, slots = std::move(slots)](
                                         caf::event_based_actor* self) -> caf::behavior {
    return {[self, links, slots](ResolveAtom, std::uint32_t peer) {
      slots->set(peer, resolve(links->peer(peer).address));
      self->send(caf::actor_cast<caf::actor>(self->current_sender()), ResolvedAtom::value, peer);
    }};
  });
}

}  // namespace millrace::transport
