// Connection: a channel with a link on it, between the bytes of a socket and events. Knows no
// sockets and no threads.
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

  void receive(std::string_view bytes, TimeUs now_us);
  /// What happened, one at a time; monostate: nothing more.
  LinkEvent next();
  LinkEvent tick(TimeUs now_us);

  void welcome(std::size_t held);
  void goodbye(const Error& reason);
  void send(const Frame& frame);
  void give_credit(std::size_t charge);

  /// Appends what is to be written to the socket.
  void pour(std::vector<char>& out);

  [[nodiscard]] bool is_up() const { return core_.is_up(); }
  [[nodiscard]] bool certifies(std::string_view name) const { return channel_->certifies(name); }

 private:
  void greet();
  void send_plain();

  std::unique_ptr<Channel> channel_;
  LinkCore core_;
  std::optional<pb::Hello> hello_;  // until it is said
  std::string plain_in_;
  std::string plain_out_;
  std::optional<Error> failure_;
};

}  // namespace millrace::transport
