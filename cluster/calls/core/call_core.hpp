// CallCore: the calls of one node that are in flight, and the requests of its peers that it serves.
// Decides what is sent when, and how each call ends. Pure: it is told the time, and what became of each
// frame.
//
//   caller   begin() ─▶ waiting ─▶ sent ─▶ ended: the answer, or an error
//                          │         │
//                          └────┬────┘
//                               ▼
//                  ended: timeout, unreachable, draining; an answer that comes later is dropped
//
//   peer     on_request() ─▶ served ─answer()─▶ waiting ─▶ sent
//                              │                   │
//                              └──── on_down() ────┴─▶ forgotten: nobody waits for the answer
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/base/time.hpp"
#include "cluster/calls/core/limits.hpp"
#include "cluster/transport/transport.hpp"
#include "messages/calls.pb.h"
#include "messages/result.hpp"

namespace millrace::calls {

/// Number of a call of this node, from 1.
using CallNumber = std::uint64_t;

/// A call that has ended.
struct Ended {
  CallNumber number = 0;
  Result<std::string> result;
};

/// A request of a peer that this node serves.
struct Served {
  std::string peer;
  std::uint64_t link = 0;    ///< which of the links to the peer, counted from 1
  std::uint64_t caller = 0;  ///< incarnation of the peer, for its answer
  CallNumber number = 0;     ///< given by the peer
};

struct Received {
  Served from;
  std::string service;
  std::string request;
};

class CallCore {
 public:
  /// `incarnation` of this start of node `self`.
  CallCore(std::string self, std::uint64_t incarnation, const Limits& limits)
      : self_(std::move(self)), incarnation_(incarnation), limits_(limits) {}

  // --- Calls of this node

  /// Begins a call. A call to this node itself is only counted, and ended by end_own(). Fails with
  /// `draining` (after stop()), `invalid_argument` (name of the service), `too_large`, `timeout`
  /// (`timeout_us` is not positive), `unreachable` (no link), `not_found` (the peer does not know
  /// calls) or `backlog_full`; nothing is sent then.
  [[nodiscard]] Result<CallNumber> begin(const std::string& peer, const std::string& service,
                                         const std::string& request, DurationUs timeout_us,
                                         SteadyUs now_us);
  /// Ends a call to this node itself; nullopt if it has ended.
  [[nodiscard]] std::optional<Ended> end_own(CallNumber number, Result<std::string> result);
  /// Returns the calls whose time is over.
  [[nodiscard]] std::vector<Ended> tick(SteadyUs now_us);
  /// Ends all calls with `draining`. Later calls and requests are refused so; what is served may still
  /// be answered.
  [[nodiscard]] std::vector<Ended> stop();

  // --- Links

  void on_up(const std::string& peer, bool knows_calls);
  /// Ends the calls to the peer, and forgets what is served for it.
  [[nodiscard]] std::vector<Ended> on_down(const std::string& peer, const Error& reason);
  void on_writable(const std::string& peer);
  /// Names of the peers with a link, sorted.
  [[nodiscard]] std::vector<std::string> peers_up() const;

  // --- Frames of peers

  /// Returns the request that is to be served now; nullopt: it was refused, and the answer waits. Fails
  /// with `protocol`.
  [[nodiscard]] Result<std::optional<Received>> on_request(const std::string& peer,
                                                           pb::PeerRequest&& request);
  /// Returns the call that ends; nullopt: it has ended before. Fails with `protocol`.
  [[nodiscard]] Result<std::optional<Ended>> on_answer(const std::string& peer,
                                                       pb::PeerAnswer&& answer);
  /// Takes the answer to a request that is served; ignores it if the link has ended since.
  void answer(const Served& served, const Result<std::string>& result);

  // --- Sending

  struct Outgoing {
    const std::string& peer;
    transport::Frame& frame;
  };
  /// Returns a frame that may be sent now; nullopt: none. sent() must follow.
  [[nodiscard]] std::optional<Outgoing> next(SteadyUs now_us);
  /// What Transport::send() said to the frame of next(). Returns the call that ends by it.
  [[nodiscard]] std::optional<Ended> sent(const std::string& peer, const Result<void>& result);

  /// When tick() or next() will have something to do; nullopt: not because of the time.
  [[nodiscard]] std::optional<SteadyUs> next_due() const;

 private:
  struct Call {
    std::string peer;
    SteadyUs deadline_us = 0;
  };
  enum class Kind : std::uint8_t { request, answer, refusal };
  struct Waiting {
    transport::Frame frame;
    Kind kind;
    Served answers;         ///< of a request, only the number
    std::size_t bytes = 0;  ///< of the frame, which loses them when it is sent
  };
  struct Peer {
    bool is_up = false;
    bool knows_calls = false;
    std::uint64_t links = 0;                     ///< ups so far
    std::size_t in_flight = 0;                   ///< calls of this node
    CallNumber last_request = 0;                 ///< of the peer, on this link
    std::map<CallNumber, std::size_t> served{};  ///< bytes of the peer's requests, on this link
    std::size_t served_bytes = 0;                ///< sum of `served`
    std::deque<Waiting> waiting{};  ///< in the order of sending; empty while the link is down
    std::size_t waiting_bytes = 0;  ///< sum of `waiting`
    bool is_blocked = false;        ///< the window of the link is full: on_writable() follows
    std::size_t burst_bytes = 0;    ///< sent before burst_end_us
    SteadyUs burst_end_us = 0;
  };

  /// Why a call is not begun.
  [[nodiscard]] std::optional<Error> refusal(const std::string& peer, const Peer& to,
                                             const std::string& service,
                                             std::size_t request_bytes) const;
  /// Why a request of a peer is not served.
  [[nodiscard]] std::optional<Error> refusal(const Peer& from,
                                             const pb::PeerRequest& request) const;
  [[nodiscard]] bool has_room(const Peer& peer, std::size_t bytes) const {
    return peer.waiting.empty() || peer.waiting_bytes + bytes <= limits_.bytes_max;
  }
  [[nodiscard]] bool is_paced(const Peer& peer) const {
    return peer.burst_bytes > 0 &&
           peer.burst_bytes + peer.waiting.front().bytes > limits_.burst_bytes;
  }
  static void push(Peer& peer, transport::Frame frame, Kind kind, Served answers);
  static void push_answer(Peer& peer, const Served& served, const Result<std::string>& result);
  /// REQUIRES: the call is in flight.
  Ended end(CallNumber number, Result<std::string> result);
  [[nodiscard]] Result<std::string> checked(Result<std::string> result,
                                            const std::string& peer) const;

  const std::string self_;
  const std::uint64_t incarnation_;
  const Limits limits_;
  bool is_stopped_ = false;
  CallNumber last_ = 0;  ///< call of this node
  std::map<CallNumber, Call> calls_{};
  std::set<std::pair<SteadyUs, CallNumber>> deadlines_{};  ///< of all in calls_
  std::map<std::string, Peer> peers_{};                    ///< never shrinks; names are configured
};

}  // namespace millrace::calls
