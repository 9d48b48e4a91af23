// Connection: a Channel and the LinkCore on it. Converts the bytes of one socket into events and
// back. Not thread-safe; does no I/O.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/transport/protocol/channel.hpp"
#include "cluster/transport/protocol/link_core.hpp"

namespace millrace::transport {

class Connection {
 public:
  Connection(std::unique_ptr<Channel> channel, LinkCore core, pb::Hello hello);

  /// Takes bytes read from the socket; next() returns their events.
  void receive(std::string_view bytes, TimeUs now_us);
  /// Returns the next event; monostate: none until more bytes arrive. After LinkClosed, discard the
  /// connection.
  LinkEvent next();
  /// As LinkCore::tick.
  LinkEvent tick(TimeUs now_us);

  // As the functions of LinkCore; pour() returns the bytes to write.
  void welcome(std::size_t held);
  void goodbye(const Error& reason);
  void send(const Frame& frame);
  void give_credit(std::size_t charge);

  /// Moves the bytes to write to the socket to the end of `out`.
  void pour(std::vector<char>& out);

  [[nodiscard]] bool is_up() const { return core_.is_up(); }
  [[nodiscard]] bool certifies(std::string_view name) const { return channel_->certifies(name); }

 private:
  void greet();
  void send_plain();

  std::unique_ptr<Channel> channel_;
  LinkCore core_;
  std::optional<pb::Hello> hello_;  // nullopt once it was sent
  std::string plain_in_;
  std::string plain_out_;
  std::optional<Error> failure_;
};

}  // namespace millrace::transport
