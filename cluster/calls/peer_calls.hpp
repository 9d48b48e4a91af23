// PeerCalls: calls between the nodes of a cluster: a request to a service of another node, and its
// answer. For small and rare things; what must not be lost goes through a queue.
//
//   call() ─▶ CallCore ══ request ═════▶ CallCore ─▶ service
//     done ◀─ CallCore ◀════ answer ════ CallCore ◀─ answer
//
// A call is made at most once: it is never repeated, so after most errors nobody knows whether the peer
// has done what it was asked for. Who asks again must ask for something that may be done twice.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/base/clock.hpp"
#include "cluster/calls/core/frame_kind.hpp"
#include "cluster/calls/core/limits.hpp"
#include "cluster/transport/transport.hpp"
#include "messages/result.hpp"

namespace millrace::calls {

/// Thread-safe. No lock is held while a service or `done` runs, so both may use this object.
class PeerCalls {
 public:
  using Answer = std::function<void(Result<std::string>)>;
  using Service = std::function<void(const std::string& peer, std::string request, Answer answer)>;

  /// For node `self` in its start `incarnation`. `transport` and `clock` must outlive this object.
  PeerCalls(std::string self, std::uint64_t incarnation, transport::Transport& transport,
            const Clock& clock, const Limits& limits = {});
  /// Calls stop().
  ~PeerCalls();
  PeerCalls(const PeerCalls&) = delete;
  PeerCalls& operator=(const PeerCalls&) = delete;

  /// From now on requests for `service` go to `handler`; replaces an earlier handler. `service` has 1
  /// to 256 bytes. The handler runs on the thread that delivers what `peer` sends, or, for a call of
  /// this node itself, within call(). It must not throw or block: offers of the peer wait behind it.
  /// It may answer at once or later, on any thread; of several answers the first counts. If it drops
  /// its `answer` without calling it, the caller gets `handler_failed`. An answer has at most 16 MiB;
  /// a longer one becomes `too_large`. An error arrives with its code and up to 4 KiB of its text.
  void serve(std::string service, Service handler);

  /// Asks `service` of node `peer`, perhaps this node itself, and returns. `request` has at most 16 MiB;
  /// keep it below the 1 MiB that the window of a link has: larger ones wait until nothing else is in
  /// flight there.
  ///
  /// `done` is called exactly once, on any thread, perhaps before call() returns: with the answer, with
  /// the error of the service, or with
  ///   not_found         no such node, it has no such service, or its version takes no calls
  ///   unreachable       there is no link, or it went down before an answer came
  ///   timeout           no answer within `timeout`; the answer is dropped when it comes
  ///   backlog_full      64 calls to the peer, or 32 MiB of requests for it, are in flight; or the peer
  ///                     is at the same bounds with what it serves for this node
  ///   too_large         the request or the answer
  ///   draining          this node or the peer stops, or this node has not started
  ///   handler_failed    the service gave no answer
  ///   invalid_argument  the name of the service
  /// A service may use the same codes. `done` must not throw or block.
  void call(const std::string& peer, std::string service, std::string request,
            std::chrono::milliseconds timeout, Answer done);

  /// Returns the names of the peers with a link, sorted, without this node.
  [[nodiscard]] std::vector<std::string> peers_up() const;

  // --- For the owner of the links: see FederatedNode

  /// Asks for a call at a time of the steady clock, unless one at an earlier time was asked for.
  using SetTimer = std::function<void(SteadyUs due_us)>;
  /// `on_time` is to be called at the times that the result is given; it may be called after the
  /// destruction of this object.
  using MakeTimer = std::function<SetTimer(std::function<void()> on_time)>;

  /// Begins: calls are taken from now on. The timer is called under a lock, and destroyed by stop().
  void open(const MakeTimer& make_timer);
  /// Ends all calls of this node with `draining`, and refuses later ones and new requests of peers.
  /// What is being served may still be answered. A second call does nothing.
  void stop();

  [[nodiscard]] static bool takes(transport::FrameKind kind) {
    return kind == request_frame || kind == answer_frame;
  }
  /// Handles a frame for which takes() holds. Fails with `protocol`.
  [[nodiscard]] Result<void> take(const std::string& peer, const transport::Frame& frame);
  void on_up(const std::string& peer);
  void on_writable(const std::string& peer);
  void on_down(const std::string& peer, const Error& reason);

  [[nodiscard]] const Clock& clock() const;

 private:
  class State;
  const std::shared_ptr<State> state_;  ///< answers that are still to be given refer to it weakly
};

}  // namespace millrace::calls
