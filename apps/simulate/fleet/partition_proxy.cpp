#include "apps/simulate/fleet/partition_proxy.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace millrace::simulate {

Result<std::unique_ptr<PartitionProxy>> PartitionProxy::start(std::uint32_t processes,
                                                              std::uint32_t nodes, PortOf port_of,
                                                              NodeOf node_of) {
  std::unique_ptr<PartitionProxy> proxy(
      new PartitionProxy(nodes, std::move(port_of), std::move(node_of)));
  for (std::uint32_t from = 0; from < processes; ++from) {
    for (std::uint32_t to = 0; to < nodes; ++to) {
      auto listener = processes::listen_on_loopback();
      if (!listener) return listener.error();
      proxy->entrances_.push_back({from, to, std::move(*listener)});
    }
  }
  proxy->thread_ = std::thread([&each = *proxy] { each.run(); });
  return proxy;
}

PartitionProxy::PartitionProxy(std::uint32_t nodes, PortOf port_of, NodeOf node_of)
    : nodes_(nodes),
      port_of_(std::move(port_of)),
      node_of_(std::move(node_of)),
      cuts_(std::size_t{nodes} * nodes),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

PartitionProxy::~PartitionProxy() {
  is_stopping_ = true;
  eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

std::vector<std::vector<std::uint16_t>> PartitionProxy::ports() const {
  std::vector<std::vector<std::uint16_t>> ports(entrances_.size() / nodes_,
                                                std::vector<std::uint16_t>(nodes_));
  for (const Entrance& entrance : entrances_)
    ports[entrance.from][entrance.to] = entrance.listener.port;
  return ports;
}

void PartitionProxy::cut(std::uint32_t a, std::uint32_t b, bool is_cut) {
  cuts_[std::size_t{std::min(a, b)} * nodes_ + std::max(a, b)] = is_cut;
  eventfd_write(wake_.get(), 1);
}

bool PartitionProxy::is_cut(std::uint32_t process, std::uint32_t node) const {
  const auto own = node_of_(process);
  if (!own) return false;
  const std::uint32_t a = *own;
  const std::uint32_t b = node;
  return cuts_[std::size_t{std::min(a, b)} * nodes_ + std::max(a, b)];
}

void PartitionProxy::run() {
  std::vector<pollfd> polls;
  std::vector<bool> is_passing;
  while (!is_stopping_) {
    polls.assign(1, {wake_.get(), POLLIN, 0});
    for (const Entrance& entrance : entrances_) {
      const short wanted = is_cut(entrance.from, entrance.to) ? short{0} : POLLIN;
      polls.push_back({entrance.listener.fd.get(), wanted, 0});
    }
    // Do not even poll a cut connection: forwarding its end would cross the partition.
    is_passing.clear();
    for (const Carried& each : carried_) {
      is_passing.push_back(!is_cut(each.from, each.to));
      if (is_passing.back()) each.pipe.add_polls(polls);
    }
    if (poll(polls.data(), polls.size(), -1) < 0) continue;
    eventfd_t ignored = 0;
    eventfd_read(wake_.get(), &ignored);
    std::size_t at = 1 + entrances_.size();
    std::size_t number = 0;
    std::erase_if(carried_, [&](Carried& each) {
      if (!is_passing[number++]) return false;
      at += 2;
      return !each.pipe.carry(polls[at - 2], polls[at - 1]);
    });
    for (std::size_t entrance = 0; entrance < entrances_.size(); ++entrance) {
      if ((polls[1 + entrance].revents & POLLIN) != 0) accept_from(entrances_[entrance]);
    }
  }
}

void PartitionProxy::accept_from(const Entrance& entrance) {
  Descriptor near(
      accept4(entrance.listener.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (near.get() < 0) return;
  const int on = 1;
  setsockopt(near.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::uint16_t port = port_of_(entrance.to);
  auto far = port == 0 ? std::nullopt : connect_to(port);
  if (far) carried_.push_back({entrance.from, entrance.to, Pipe(std::move(near), std::move(*far))});
}

}  // namespace millrace::simulate
