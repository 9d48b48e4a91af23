#include "cluster/transport/sim/simulated_network.hpp"

#include <algorithm>

#include "cluster/transport/sim/simulated_transport.hpp"

namespace millrace::transport {
namespace {

std::int64_t connection_of(SocketId socket) {
  return socket / 2;
}
std::size_t end_of(SocketId socket) {
  return static_cast<std::size_t>(socket % 2);
}
SocketId other(SocketId socket) {
  return socket ^ 1;
}

}  // namespace

SimulatedNetwork::SimulatedNetwork(std::uint64_t seed) : random_(seed) {}

SimulatedNetwork::~SimulatedNetwork() = default;

Transport& SimulatedNetwork::add(TransportOptions options) {
  kill(options.own.node);
  transports_.push_back(std::make_unique<SimulatedTransport>(*this, std::move(options), random_()));
  running_[transports_.back()->node()] = transports_.back().get();
  return *transports_.back();
}

Result<void> SimulatedNetwork::set_peers(const std::string& node, std::vector<Peer> peers) {
  const auto found = running_.find(node);
  if (found == running_.end()) return Error{ErrorCode::not_found, node + " does not run"};
  return found->second->set_peers(std::move(peers));
}

void SimulatedNetwork::kill(const std::string& node) {
  const auto at = running_.find(node);
  if (at == running_.end()) return;
  SimulatedTransport* const gone = at->second;
  running_.erase(at);
  gone->kill();
  for (const auto& [number, connection] : std::map(connections_)) {
    for (const SocketId socket : {number * 2, number * 2 + 1}) {
      if (connection.ends[end_of(socket)].transport == gone) cut_socket(socket);
    }
  }
}

void SimulatedNetwork::set_faults(const std::string& from, const std::string& to,
                                  const Faults& faults) {
  pair_faults_[{from, to}] = faults;
}

const Faults& SimulatedNetwork::faults(const std::string& from, const std::string& to) const {
  const auto at = pair_faults_.find({from, to});
  return at == pair_faults_.end() ? faults_ : at->second;
}

void SimulatedNetwork::cut(const std::string& from, const std::string& to) {
  cut_.insert({from, to});
}

void SimulatedNetwork::heal(const std::string& from, const std::string& to) {
  cut_.erase({from, to});
  for (const auto& [number, connection] : connections_) {
    for (const SocketId socket : {number * 2, number * 2 + 1}) {
      at(now_us_, [this, socket] { pass(socket); });
    }
  }
}

bool SimulatedNetwork::is_cut(const End& from, const End& to) const {
  return cut_.contains({from.node, to.node});
}

void SimulatedNetwork::disconnect(const std::string& one, const std::string& two) {
  for (const auto& [number, connection] : std::map(connections_)) {
    const auto& ends = connection.ends;
    if (!((ends[0].node == one && ends[1].node == two) ||
          (ends[0].node == two && ends[1].node == one))) {
      continue;
    }
    end(number * 2);
    end(number * 2 + 1);
    connections_.erase(number);
  }
}

void SimulatedNetwork::at(TimeUs at_us, std::function<void()> what) {
  events_.push({std::max(at_us, now_us_), ++events_made_, std::move(what)});
}

bool SimulatedNetwork::step() {
  if (events_.empty()) return false;
  const Event event = events_.top();
  events_.pop();
  now_us_ = event.at_us;
  event.what();
  return true;
}

void SimulatedNetwork::run_for(DurationUs span_us) {
  const TimeUs until_us = now_us_ + span_us;
  while (!events_.empty() && events_.top().at_us <= until_us) step();
  now_us_ = until_us;
}

SimulatedNetwork::Connection* SimulatedNetwork::find(SocketId socket) {
  const auto at = connections_.find(connection_of(socket));
  return at == connections_.end() ? nullptr : &at->second;
}

Result<SocketId> SimulatedNetwork::dial(SimulatedTransport& from, const std::string& to) {
  const auto there = running_.find(to);
  if (there == running_.end() || !there->second->is_running()) {
    return Error{ErrorCode::unreachable, "nobody listens"};
  }
  const std::int64_t number = ++connections_made_;
  connections_.emplace(number, Connection{{End{from.node(), &from}, End{to, there->second}}});
  const SocketId socket = number * 2;
  at(now_us_, [this, socket] {
    Connection* const connection = find(socket);
    // The dialed node may have been killed in the meantime.
    if (connection == nullptr || connection->ends[1].transport == nullptr) return;
    connection->ends[1].transport->accepted(other(socket));
  });
  return socket;
}

void SimulatedNetwork::write(SocketId socket, std::string_view bytes) {
  Connection* const connection = find(socket);
  if (connection == nullptr) return;
  End& from = connection->ends[end_of(socket)];
  const End& to = connection->ends[end_of(other(socket))];
  for (auto& arrival : from.wire.carry(bytes, faults(from.node, to.node), now_us_, random_)) {
    at(arrival.at_us, [this, socket, carried = std::move(arrival.bytes)] {
      Connection* const still = find(socket);
      if (still == nullptr) return;
      still->ends[end_of(socket)].waiting.push_back(carried);
      pass(socket);
    });
  }
}

void SimulatedNetwork::pass(SocketId socket) {
  for (;;) {
    // Look the connection up each time: handling a record may close it.
    Connection* const connection = find(socket);
    if (connection == nullptr) return;
    End& from = connection->ends[end_of(socket)];
    if (is_cut(from, connection->ends[end_of(other(socket))])) return;
    if (from.waiting.empty()) {
      if (from.is_end_waiting) end(other(socket));
      return;
    }
    const std::string bytes = std::move(from.waiting.front());
    from.waiting.pop_front();
    arrive(other(socket), bytes);
  }
}

void SimulatedNetwork::arrive(SocketId socket, const std::string& bytes) {
  Connection* const connection = find(socket);
  if (connection == nullptr) return;
  if (auto* const transport = connection->ends[end_of(socket)].transport) {
    transport->received(socket, bytes);
  }
}

void SimulatedNetwork::end(SocketId socket) {
  Connection* const connection = find(socket);
  if (connection == nullptr) return;
  auto* const transport = std::exchange(connection->ends[end_of(socket)].transport, nullptr);
  if (connection->ends[end_of(other(socket))].transport == nullptr) {
    connections_.erase(connection_of(socket));
  }
  if (transport != nullptr) transport->ended(socket);
}

void SimulatedNetwork::cut_socket(SocketId socket) {
  Connection* const connection = find(socket);
  if (connection == nullptr) return;
  End& from = connection->ends[end_of(socket)];
  from.transport = nullptr;
  if (connection->ends[end_of(other(socket))].transport == nullptr) {
    connections_.erase(connection_of(socket));
    return;
  }
  // The end of the connection arrives after the records in flight.
  const auto& to = connection->ends[end_of(other(socket))].node;
  at(now_us_ + faults(from.node, to).delay_max_us, [this, socket] {
    Connection* const still = find(socket);
    if (still == nullptr) return;
    still->ends[end_of(socket)].is_end_waiting = true;
    pass(socket);
  });
}

}  // namespace millrace::transport
