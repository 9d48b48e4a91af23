#include "cluster/transport/links/connection_table.hpp"

#include <algorithm>
#include <utility>

namespace millrace::transport {

ConnectionTable::Entry& ConnectionTable::add(SocketId socket, Connection connection,
                                             std::optional<std::size_t> dialed) {
  const auto at = entries_.insert_or_assign(
      socket, Entry{std::move(connection), dialed, dialed.has_value(), false, ++added_, 0});
  write(socket);
  return at.first->second;
}

ConnectionTable::Entry* ConnectionTable::find(SocketId socket) {
  const auto at = entries_.find(socket);
  return at == entries_.end() || at->second.cut_at_us != 0 ? nullptr : &at->second;
}

void ConnectionTable::write(SocketId socket) {
  const auto at = entries_.find(socket);
  if (at == entries_.end()) return;
  at->second.connection.pour(sockets_.buffer(socket));
  sockets_.flush(socket);
}

void ConnectionTable::cut(SocketId socket) {
  if (forget(socket)) sockets_.cut(socket);
}

void ConnectionTable::end(SocketId socket, TimeUs cut_at_us) {
  const auto at = entries_.find(socket);
  if (at == entries_.end()) return;
  write(socket);
  at->second.cut_at_us = cut_at_us;
}

void ConnectionTable::cut_due(TimeUs now_us) {
  for (const SocketId socket : sockets()) {
    const TimeUs at_us = entries_.at(socket).cut_at_us;
    if (at_us != 0 && at_us <= now_us) cut(socket);
  }
}

std::optional<SocketId> ConnectionTable::surplus() const {
  std::size_t unproven = 0;
  auto oldest = entries_.end();
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    const Entry& entry = at->second;
    if (entry.is_dialed || (entry.connection.is_up() && entry.cut_at_us == 0)) continue;
    ++unproven;
    if (oldest == entries_.end() || entry.number < oldest->second.number) oldest = at;
  }
  if (unproven < unproven_max_) return std::nullopt;
  return oldest->first;
}

std::size_t ConnectionTable::standbys() const {
  return static_cast<std::size_t>(std::count_if(
      entries_.begin(), entries_.end(), [](const auto& one) { return one.second.is_standby; }));
}

std::vector<SocketId> ConnectionTable::sockets() const {
  std::vector<SocketId> all;
  all.reserve(entries_.size());
  for (const auto& [socket, entry] : entries_) all.push_back(socket);
  return all;
}

}  // namespace millrace::transport
