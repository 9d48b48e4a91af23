// Transport: frames between the nodes of a cluster.
//
//   node ──send──▶ link ══════▶ link ──on_frame──▶ listener ──destroys the credit
//            ▲ backlog_full      │                                │
//            └──── on_writable ◀─┴────────── credit ◀─────────────┘
//
// While a link is up, frames arrive in the order sent, unaltered, each once, without a gap. When a
// link goes down, frames in flight may be lost; none is delivered after on_down. Callers that need
// more than this resend.
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

/// The identity that a node states in its hello to each peer.
struct NodeIdentity {
  std::string cluster;            ///< both sides must name the same
  std::string node;               ///< unique in the cluster; with TLS the certificate's name
  std::uint64_t incarnation = 0;  ///< grows with each start of the node; a lower one is refused
  std::uint32_t protocol_version = 0;  ///< of the layers above; both sides must name the same
  /// What the layers above know beyond that version, a bit each; the sides may differ. The transport
  /// passes it on unread.
  std::uint64_t features = 0;
};

struct Address {
  std::string host;  ///< IP address, or a name to resolve
  std::uint16_t port = 0;
};

/// A configured remote node. Of two nodes, the one with the lower name dials.
struct Peer {
  std::string name;
  Address
      address{};  ///< used only if this node dials; without a host: not known yet, and not dialed
  /// The lowest incarnation that may have a link: links of earlier ones end. 0: any that is not lower than
  /// one seen before.
  std::uint64_t incarnation = 0;
};

/// Selects the parser of a frame. The transport passes the number on unread.
enum class FrameKind : std::uint16_t {};

/// `bytes` of about 64 KiB are efficient; TransportOptions::frame_bytes_max is the limit.
struct Frame {
  FrameKind kind{};
  std::string bytes;
};

struct LinkStatus {
  bool is_up = false;
  std::uint64_t incarnation = 0;    ///< of the peer; 0 before its first link
  std::size_t in_flight_bytes = 0;  ///< queued or sent; the peer has not released their credit
  std::size_t held_bytes = 0;       ///< received; their credit is not released yet
  std::string last_error;           ///< reason of the last on_down; empty: the link never failed
  std::uint64_t features = 0;       ///< of the peer, see NodeIdentity; 0 while the link is down
};

/// Returns charges of delivered frames to the sender's window. Implementations are thread-safe.
class CreditLedger {
 public:
  virtual ~CreditLedger() = default;
  virtual void release(std::size_t charge) = 0;
};

/// The part of the sender's window that one delivered frame occupies; the destructor returns it.
/// Keep the credit until the frame is processed, so that a slow listener slows only its own peer.
/// May be destroyed on any thread, also after the transport.
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

/// Calls for one peer are serial and ordered, on a thread of that peer alone; calls for different
/// peers may be concurrent. A call may call the Transport. A call that blocks delays its own peer
/// only. A call must not throw: an exception would end the delivery of that peer.
class TransportListener {
 public:
  virtual ~TransportListener() = default;

  virtual void on_up(const std::string& peer, std::uint64_t incarnation) = 0;
  /// `credit` is the part of the peer's window that `frame` occupies.
  virtual void on_frame(const std::string& peer, Frame frame, Credit credit) = 0;
  /// Called after send returned `backlog_full`, when the window has room for that frame.
  virtual void on_writable(const std::string& peer) = 0;
  /// Called once after each on_up, at the latest during stop. Codes: `unreachable` (the connection
  /// broke, or the peer left), `timeout` (silence), `protocol` (invalid data), `draining` (stop).
  virtual void on_down(const std::string& peer, const Error& reason) = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;

  /// Listens, dials peers, and restores links that fail. Call once. `listener` must outlive stop().
  /// Fails with `invalid_argument`, or with `unreachable` if the listen address cannot be bound.
  virtual Result<void> start(TransportListener& listener) = 0;

  /// Refuses new frames, waits for frames in flight, then ends all links, each with on_down.
  /// Returns within drain_timeout + teardown_timeout: with `timeout` if anything was still running,
  /// and then a blocked listener call may still run. A second call does nothing.
  virtual Result<void> stop() = 0;

  /// Queues `frame`; on failure `frame` is unchanged. Fails with `backlog_full` (window full;
  /// on_writable follows), `unreachable` (link down), `draining` (stop was called), `too_large`, or
  /// `not_found` (no such peer). Thread-safe; does not block.
  virtual Result<void> send(std::string_view peer, Frame&& frame) = 0;

  /// Ends the link that the last on_up of `peer` announced, because the peer sent invalid data: no
  /// further frame is delivered, on_down follows on both sides, and the link is then dialed again.
  /// Does nothing if that link is down. Fails with `not_found`. Thread-safe; does not block.
  virtual Result<void> reject(std::string_view peer, Error reason) = 0;

  /// Fails with `not_found` (no such peer). Thread-safe.
  [[nodiscard]] virtual Result<LinkStatus> status(std::string_view peer) const = 0;
};

}  // namespace millrace::transport
