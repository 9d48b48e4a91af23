#include "cluster/transport/sim/simulated_transport.hpp"

#include <utility>

#include "cluster/transport/links/peer_link.hpp"
#include "cluster/transport/sim/simulated_network.hpp"

namespace millrace::transport {

SimulatedTransport::SimulatedTransport(SimulatedNetwork& network, TransportOptions options,
                                       std::uint64_t seed)
    : network_(network),
      options_(std::move(options)),
      links_(options_),
      manager_(
          options_, links_.all(), *this,
          [](TlsContext::Role) { return std::make_unique<PlainChannel>(); }, seed) {}

SimulatedTransport::~SimulatedTransport() {
  kill();
}

Result<void> SimulatedTransport::start(TransportListener& listener) {
  if (auto checked = check_options(options_); !checked) return checked;
  listener_ = &listener;
  attach_links();
  tick();
  return {};
}

void SimulatedTransport::attach_links() {
  const auto all = links_.all();
  for (; attached_ < all.size(); ++attached_) {
    const std::size_t i = attached_;
    PeerLink* const link = all[i].get();
    link->attach(
        [this, i] {
          network_.at(network_.now_us(), [this, i] {
            if (is_running()) manager_.flush(i);
          });
        },
        [this, link] {
          network_.at(network_.now_us(), [this, link] {
            if (is_running()) deliver(*link, *listener_);
          });
        });
  }
}

Result<void> SimulatedTransport::set_peers(std::vector<Peer> peers) {
  TransportOptions wanted = options_;
  wanted.peers = std::move(peers);
  if (auto checked = check_options(wanted); !checked) return checked;
  if (auto set = links_.set(wanted.peers); !set) return set;
  if (is_running()) attach_links();
  manager_.set_peers(links_.entries(), network_.now_us());
  return {};
}

void SimulatedTransport::tick() {
  if (!is_running()) return;
  manager_.tick(network_.now_us());
  if (manager_.is_finished()) return;
  network_.at(network_.now_us() + to_us(manager_.tick_pause()), [this] { tick(); });
}

Result<void> SimulatedTransport::stop() {
  if (!is_running()) return {};
  for (const auto& link : links_.all()) link->drain();
  manager_.drain(network_.now_us());
  while (!manager_.is_finished() && network_.step()) {
  }
  for (const auto& link : links_.all()) deliver(*link, *listener_);
  kill();
  return {};
}

void SimulatedTransport::kill() {
  for (const auto& link : links_.all()) {
    link->detach();
    link->drain();
  }
  listener_ = nullptr;
}

Result<void> SimulatedTransport::send(std::string_view peer, Frame&& frame) {
  return links_.send(peer, std::move(frame));
}

Result<void> SimulatedTransport::reject(std::string_view peer, Error reason) {
  return links_.reject(peer, std::move(reason));
}

Result<LinkStatus> SimulatedTransport::status(std::string_view peer) const {
  return links_.status(peer);
}

void SimulatedTransport::accepted(SocketId socket) {
  if (is_running()) manager_.accepted(socket, network_.now_us());
}

void SimulatedTransport::received(SocketId socket, std::string_view bytes) {
  if (is_running()) manager_.received(socket, bytes, network_.now_us());
}

void SimulatedTransport::ended(SocketId socket) {
  buffers_.erase(socket);
  if (is_running()) manager_.ended(socket, network_.now_us());
}

Result<std::optional<SocketId>> SimulatedTransport::dial(std::size_t peer) {
  auto socket = network_.dial(*this, links_.peer(peer).name);
  if (!socket) return socket.error();
  return std::optional<SocketId>(*socket);
}

void SimulatedTransport::flush(SocketId socket) {
  auto& buffer = buffers_[socket];
  network_.write(socket, {buffer.data(), buffer.size()});
  buffer.clear();
}

void SimulatedTransport::cut(SocketId socket) {
  buffers_.erase(socket);
  network_.cut_socket(socket);
}

}  // namespace millrace::transport
