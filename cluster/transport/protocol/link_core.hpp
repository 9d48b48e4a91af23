// The link's core: what one connection says and understands, from the first byte to the last.
//
//            hello ▸        ◂ hello          welcome ▸       ◂ welcome
//   opening ────────▶ greeting ────────▶ (checked) ────────▶ welcomed ────────▶ up ──▶ closed
//
// Any breach of this order closes it. Pure: bytes and the time come with the calls, what is to be
// written is appended to `out`, and what happened is fetched with next().
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
  DurationUs hello_us;    ///< from the connection to up, TLS included
  DurationUs ping_us;     ///< of silence of our own, after which a ping is sent
  DurationUs silence_us;  ///< of the other side, after which the link is given up
};

struct HelloReceived {
  pb::Hello hello;
};
struct LinkUp {
  std::size_t held = 0;  ///< of our window, by frames of earlier links
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
/// monostate: nothing more for now.
using LinkEvent =
    std::variant<std::monostate, HelloReceived, LinkUp, FrameReceived, CreditReceived, LinkClosed>;

class FrameOrder {
 public:
  enum class Verdict {
    next,    ///< deliver it
    repeat,  ///< seen before; drop it
    gap,     ///< something before it is lost; the link must end
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
  /// To be called, or goodbye, when HelloReceived was fetched and before the next event is.
  void welcome(std::size_t held, std::string& out);
  /// Tells the other side why, and closes without an event.
  void goodbye(const Error& reason, std::string& out);

  /// Only while up, and within the window.
  void send(const Frame& frame, std::string& out);
  void give_credit(std::size_t charge, std::string& out);

  void receive(std::string_view bytes, TimeUs now_us);
  LinkEvent next();

  /// Every so often: pings, and notices silence. A LinkClosed where it gives the link up.
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
