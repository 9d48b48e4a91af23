// LinkCore: the protocol of one connection between two nodes: handshake, frames, credit and pings.
//
//             hello               welcome()              welcome
//             received            called                 received
//   opening ────────────▶ greeting ────────────▶ welcomed ────────────▶ up
//      │                     │                      │                   │
//      └─────────────────────┴───────────┬──────────┴───────────────────┘
//                                        ▼
//                                      closed
//
//   any state → closed: goodbye() called, goodbye received, or a record not allowed there
//   before up → closed: hello_us after the connection was opened
//   up        → closed: silence_us without a byte from the peer
//
// Pure: the caller passes received bytes and the time, writes the bytes appended to `out` to the
// connection, and fetches events with next(). Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "actors/base/time.hpp"
#include "cluster/transport/protocol/record.hpp"
#include "messages/link.pb.h"
#include "messages/result.hpp"

namespace millrace::transport {

struct LinkTimes {
  DurationUs hello_us;    ///< limit from opening the connection to up, TLS handshake included
  DurationUs ping_us;     ///< a ping is sent after this long without sending anything
  DurationUs silence_us;  ///< the link is closed after this long without receiving anything
};

struct HelloReceived {
  pb::Hello hello;
};
struct LinkUp {
  std::size_t held = 0;  ///< bytes of this node's window still occupied by frames of earlier links
};
struct FrameReceived {
  Frame frame;
};
struct CreditReceived {
  std::size_t charge = 0;
};
struct LinkClosed {
  Error reason;
};
/// monostate: no event is available until more bytes arrive.
using LinkEvent =
    std::variant<std::monostate, HelloReceived, LinkUp, FrameReceived, CreditReceived, LinkClosed>;

/// Checks the sequence numbers of received frames, which are dense from 1.
class FrameOrder {
 public:
  enum class Verdict {
    next,    ///< the expected frame: deliver it
    repeat,  ///< received before: drop it
    gap,     ///< an earlier frame is missing: close the link
  };

  Verdict judge(std::uint64_t sequence) {
    if (sequence <= last_) return Verdict::repeat;
    if (sequence != last_ + 1) return Verdict::gap;
    last_ = sequence;
    return Verdict::next;
  }

 private:
  std::uint64_t last_ = 0;
};

class LinkCore {
 public:
  LinkCore(std::size_t frame_bytes_max, const LinkTimes& times, TimeUs now_us);

  void say_hello(const pb::Hello& hello, std::string& out);
  /// Accepts the peer's hello. After HelloReceived, call either this or goodbye before next().
  /// `held`: charge of the peer's earlier frames that this node has not processed yet.
  void welcome(std::size_t held, std::string& out);
  /// Sends `reason` to the peer and closes; next() returns no LinkClosed. Does nothing if closed.
  void goodbye(const Error& reason, std::string& out);

  /// Requires is_up(). The caller keeps within the window.
  void send(const Frame& frame, std::string& out);
  /// Releases `charge` of the peer's window. Requires is_up().
  void give_credit(std::size_t charge, std::string& out);

  /// Takes received bytes; next() returns their events. Ignored once closed.
  void receive(std::string_view bytes, TimeUs now_us);
  LinkEvent next();

  /// Sends a ping if due. Returns LinkClosed if the handshake or the peer's silence timed out, else
  /// monostate. Call at least every ping_us: a later call counts as a pause of this process.
  LinkEvent tick(TimeUs now_us, std::string& out);

  [[nodiscard]] bool is_up() const { return phase_ == Phase::up; }
  [[nodiscard]] bool is_closed() const { return phase_ == Phase::closed; }

 private:
  enum class Phase { opening, greeting, welcomed, up, closed };

  void write(const Record& record, std::string& out);
  LinkEvent close(ErrorCode code, std::string message);
  LinkEvent understand(const Record& record);
  LinkEvent on_hello(const Record& record);
  LinkEvent on_welcome(const Record& record);
  LinkEvent on_goodbye(const Record& record);
  LinkEvent on_frame(const Record& record);

  LinkTimes times_;
  Phase phase_ = Phase::opening;
  RecordReader reader_;
  FrameOrder order_;
  std::uint64_t sent_frames_ = 0;
  TimeUs opened_us_;
  TimeUs last_tick_us_;
  TimeUs last_received_us_;
  TimeUs last_sent_us_;
  TimeUs now_us_;
};

}  // namespace millrace::transport
