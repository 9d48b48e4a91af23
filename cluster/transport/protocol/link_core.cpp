#include "cluster/transport/protocol/link_core.hpp"

#include <utility>

#include "actors/base/assert.hpp"

namespace millrace::transport {
namespace {

constexpr std::size_t reason_bytes_max = 256;

// Returns text from the peer without control characters, for a log line.
std::string printable(std::string_view text) {
  std::string out(text.substr(0, reason_bytes_max));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

ErrorCode code_of(const pb::Goodbye& goodbye) {
  // Accept only the codes with which a node of this version refuses; any other is `unreachable`.
  for (const auto code : {ErrorCode::fenced, ErrorCode::not_found, ErrorCode::unsupported_version,
                          ErrorCode::protocol, ErrorCode::unauthenticated,
                          ErrorCode::foreign_cluster, ErrorCode::timeout}) {
    if (goodbye.code() == static_cast<std::uint32_t>(code)) return code;
  }
  return ErrorCode::unreachable;
}

template <class M>
bool parse(std::string_view body, M& message) {
  return message.ParseFromArray(body.data(), static_cast<int>(body.size()));
}

}  // namespace

LinkCore::LinkCore(std::size_t frame_bytes_max, const LinkTimes& times, TimeUs now_us)
    : times_(times),
      reader_(frame_bytes_max),
      opened_us_(now_us),
      last_tick_us_(now_us),
      last_received_us_(now_us),
      last_sent_us_(now_us),
      now_us_(now_us) {}

void LinkCore::write(const Record& record, std::string& out) {
  append_record(out, record);
  last_sent_us_ = now_us_;
}

void LinkCore::say_hello(const pb::Hello& hello, std::string& out) {
  write({.kind = RecordKind::hello, .body = hello.SerializeAsString()}, out);
}

void LinkCore::welcome(std::size_t held, std::string& out) {
  MILLRACE_ASSERT(phase_ == Phase::greeting);
  phase_ = Phase::welcomed;
  pb::Welcome welcome;
  welcome.set_held(held);
  write({.kind = RecordKind::welcome, .body = welcome.SerializeAsString()}, out);
}

void LinkCore::goodbye(const Error& reason, std::string& out) {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  pb::Goodbye goodbye;
  goodbye.set_code(static_cast<std::uint32_t>(reason.code));
  goodbye.set_reason(printable(reason.message));
  write({.kind = RecordKind::goodbye, .body = goodbye.SerializeAsString()}, out);
}

void LinkCore::send(const Frame& frame, std::string& out) {
  MILLRACE_ASSERT(phase_ == Phase::up);
  write({.kind = RecordKind::frame,
         .frame_kind = frame.kind,
         .sequence = ++sent_frames_,
         .body = frame.bytes},
        out);
}

void LinkCore::give_credit(std::size_t charge, std::string& out) {
  MILLRACE_ASSERT(phase_ == Phase::up);
  write({.kind = RecordKind::credit, .sequence = charge}, out);
}

void LinkCore::receive(std::string_view bytes, TimeUs now_us) {
  now_us_ = now_us;
  last_received_us_ = now_us;
  if (phase_ != Phase::closed) reader_.append(bytes);
}

LinkEvent LinkCore::next() {
  while (phase_ != Phase::closed) {
    Record record;
    switch (reader_.next(record)) {
      case RecordReader::Outcome::more:
        return {};
      case RecordReader::Outcome::broken:
        return close(ErrorCode::protocol, reader_.fault());
      case RecordReader::Outcome::record: {
        auto event = understand(record);
        if (!std::holds_alternative<std::monostate>(event)) return event;
      }
    }
  }
  return {};
}

LinkEvent LinkCore::understand(const Record& record) {
  switch (record.kind) {
    case RecordKind::hello:
      return on_hello(record);
    case RecordKind::welcome:
      return on_welcome(record);
    case RecordKind::goodbye:
      return on_goodbye(record);
    case RecordKind::frame:
      return on_frame(record);
    case RecordKind::credit:
      if (phase_ != Phase::up) return close(ErrorCode::protocol, "credit before the welcome");
      return CreditReceived{record.sequence};
    case RecordKind::ping:
      if (phase_ != Phase::up) return close(ErrorCode::protocol, "a ping before the welcome");
      return {};
  }
  return close(ErrorCode::protocol, "a record of an unknown kind");
}

LinkEvent LinkCore::on_hello(const Record& record) {
  HelloReceived event;
  if (phase_ != Phase::opening) return close(ErrorCode::protocol, "a second hello");
  if (!parse(record.body, event.hello)) return close(ErrorCode::protocol, "a hello that is none");
  phase_ = Phase::greeting;
  return event;
}

LinkEvent LinkCore::on_welcome(const Record& record) {
  pb::Welcome welcome;
  if (phase_ != Phase::welcomed || !parse(record.body, welcome)) {
    return close(ErrorCode::protocol, "a welcome out of turn");
  }
  phase_ = Phase::up;
  reader_.allow_frames();
  return LinkUp{welcome.held()};
}

LinkEvent LinkCore::on_goodbye(const Record& record) {
  pb::Goodbye goodbye;
  if (!parse(record.body, goodbye)) return close(ErrorCode::protocol, "a goodbye that is none");
  return close(code_of(goodbye), "the other side ended the link: " + printable(goodbye.reason()));
}

LinkEvent LinkCore::on_frame(const Record& record) {
  switch (order_.judge(record.sequence)) {
    case FrameOrder::Verdict::next:
      return FrameReceived{{record.frame_kind, std::string(record.body)}};
    case FrameOrder::Verdict::repeat:
      return {};
    case FrameOrder::Verdict::gap:
      break;
  }
  return close(ErrorCode::protocol,
               "a frame is missing before number " + std::to_string(record.sequence));
}

LinkEvent LinkCore::tick(TimeUs now_us, std::string& out) {
  if (phase_ == Phase::closed) return {};
  // A late tick means that this process was paused. The peer's bytes may be waiting in the socket,
  // so the pause does not count as silence of the peer.
  const DurationUs since_tick = now_us - std::exchange(last_tick_us_, now_us);
  if (since_tick > times_.ping_us) last_received_us_ += since_tick;
  now_us_ = now_us;
  if (phase_ != Phase::up) {
    if (now_us - opened_us_ < times_.hello_us) return {};
    return close(ErrorCode::timeout,
                 "no welcome within " + std::to_string(times_.hello_us / 1000) + " ms");
  }
  if (now_us - last_received_us_ >= times_.silence_us) {
    return close(ErrorCode::timeout,
                 "silent for " + std::to_string(times_.silence_us / 1000) + " ms");
  }
  if (now_us - last_sent_us_ >= times_.ping_us) write({.kind = RecordKind::ping}, out);
  return {};
}

LinkEvent LinkCore::close(ErrorCode code, std::string message) {
  phase_ = Phase::closed;
  return LinkClosed{{code, std::move(message)}};
}

}  // namespace millrace::transport
