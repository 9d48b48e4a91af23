// Transport: frames between the nodes of a cluster.
//
//   node ──send──▶ link ══════▶ link ──on_frame──▶ listener ──lets go of the credit
//            ▲ backlog_full      │                                │
//            └──── on_writable ◀─┴────────── credit ◀─────────────┘
//
// While a link is up, frames arrive in the order sent, unaltered, each at most once, and without a
// gap. When it goes down, what was in flight may be lost, and none of it is delivered after
// on_down. Whoever needs more resends.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "messages/result.hpp"

namespace millrace::transport {

/// Who a node says it is, to each peer, before anything else.
struct NodeIdentity {
  std::string cluster;            ///< both sides must name the same
  std::string node;               ///< unique in the cluster; with TLS the certificate's name
  std::uint64_t incarnation = 0;  ///< greater with each start of the node; an older one is refused
  std::uint32_t protocol_version = 0;  ///< of the layers above; both sides must name the same
};

struct Address {
  std::string host;  ///< IP address, or a name to resolve
  std::uint16_t port = 0;
};

/// A node that there is to be a link to. Of two nodes the one with the smaller name dials.
struct Peer {
  std::string name;
  Address address;  ///< only used where this node dials
};

/// What is in a frame: numbers of the layers above, opaque here.
enum class FrameKind : std::uint16_t {};

/// 64 KiB of bytes are a good size; the limit is set where the transport is made.
struct Frame {
  FrameKind kind{};
  std::string bytes;
};

struct LinkStatus {
  bool is_up = false;
  std::uint64_t incarnation = 0;  ///< of the peer; 0 before its first link
  std::size_t in_flight_bytes =
      0;                       ///< sent or about to be, and not let go of by the peer's listener
  std::size_t held_bytes = 0;  ///< received, and not let go of here
  std::string last_error;      ///< why the link is or was down last; empty if it never was
};

/// Takes back what delivered frames held. Implementations are safe from any thread.
class CreditLedger {
 public:
  virtual ~CreditLedger() = default;
  virtual void release(std::size_t charge) = 0;
};

/// Comes with each frame, and gives its charge back to the sender when it is destroyed: keep it
/// until the work on the frame is done, and a slow listener slows its own peer only. Move it to
/// another thread freely; it may outlive the transport.
class Credit {
 public:
  Credit() = default;
  Credit(std::shared_ptr<CreditLedger> ledger, std::size_t charge)
      : ledger_(std::move(ledger)), charge_(charge) {}
  Credit(Credit&& other) noexcept
      : ledger_(std::move(other.ledger_)), charge_(std::exchange(other.charge_, 0)) {}
  Credit& operator=(Credit&& other) noexcept {
    Credit gone(std::move(other));
    std::swap(ledger_, gone.ledger_);
    std::swap(charge_, gone.charge_);
    return *this;
  }
  Credit(const Credit&) = delete;
  Credit& operator=(const Credit&) = delete;
  ~Credit() {
    if (ledger_) ledger_->release(charge_);
  }

 private:
  std::shared_ptr<CreditLedger> ledger_;
  std::size_t charge_ = 0;
};

/// Calls for one peer come one at a time and in order, on a thread that serves that peer alone;
/// calls for two peers may be concurrent. A call may send, and may block: that holds up its peer.
class TransportListener {
 public:
  virtual ~TransportListener() = default;

  virtual void on_up(const std::string& peer, std::uint64_t incarnation) = 0;
  /// `credit` is what the frame holds of the peer's window.
  virtual void on_frame(const std::string& peer, Frame frame, Credit credit) = 0;
  /// After send was refused with `backlog_full`: there is room for that frame again.
  virtual void on_writable(const std::string& peer) = 0;
  /// Follows each on_up, at the latest in stop. `unreachable`: the connection broke or the peer
  /// left; `timeout`: the peer fell silent; `protocol`; `draining`: this node stops.
  virtual void on_down(const std::string& peer, const Error& reason) = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;

  /// Listens, and links up with the peers, again and again. Once. `listener` outlives stop. Fails
  /// with `invalid_argument`, or `unreachable` where the address cannot be listened on.
  virtual Result<void> start(TransportListener& listener) = 0;

  /// Takes no more frames, waits for those in flight, then ends all links, each with on_down. Ends
  /// within its bound in any case, with `timeout` where it had to give something up; a call of
  /// the listener that does not return may then still be running. A second call does nothing.
  virtual Result<void> stop() = 0;

  /// Takes the frame, or leaves it as it is: `backlog_full` when the window of the link is used up
  /// (then on_writable follows), `unreachable` when there is no link, `draining`, `too_large`, and
  /// `not_found` for a peer that is not in the configuration. Any thread; does not block.
  virtual Result<void> send(std::string_view peer, Frame&& frame) = 0;

  /// Ends the link with a peer that says what nobody understands, and no other link: nothing more
  /// of it is delivered, on_down follows on both sides, and then the nodes link up as ever. It
  /// means the link of which the listener heard last; nothing happens where that is down already.
  /// Any thread; does not block. `not_found` as above.
  virtual Result<void> reject(std::string_view peer, Error reason) = 0;

  /// Any thread. `not_found` as above.
  [[nodiscard]] virtual Result<LinkStatus> status(std::string_view peer) const = 0;
};

}  // namespace millrace::transport
