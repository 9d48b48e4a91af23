#include "cluster/transport/links/delivery.hpp"

#include <utility>

namespace millrace::transport {
namespace {

struct Teller {
  TransportListener& listener;
  const std::string& peer;

  void operator()(UpNotice& up) const { listener.on_up(peer, up.incarnation); }
  void operator()(FrameNotice& frame) const {
    listener.on_frame(peer, std::move(frame.frame), std::move(frame.credit));
  }
  void operator()(WritableNotice&) const { listener.on_writable(peer); }
  void operator()(DownNotice& down) const { listener.on_down(peer, down.reason); }
};

}  // namespace

void deliver(PeerLink& link, TransportListener& listener) {
  while (auto notice = link.next()) std::visit(Teller{listener, link.peer()}, *notice);
}

}  // namespace millrace::transport
