#include "cluster/kafka/server/connection.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace millrace::kafka {
namespace {

/// Reads of one connection before others have their turn.
constexpr int turn_reads = 8;
constexpr std::uint64_t frame_bytes_per_s_min = 64u << 10;
constexpr std::size_t direct_read_max = 512u << 10;
constexpr std::size_t pieces_per_write = 16;
constexpr std::size_t tls_slice_bytes = 64u << 10;
/// The shortest header of a request.
constexpr std::uint32_t frame_bytes_min = 8;

bool is_blocked(const NetError& error) {
  return error == net::error::would_block || error == net::error::try_again;
}

}  // namespace

Connection::Connection(ConnectionHost& host, Tcp::socket socket, std::uint64_t id, Session session,
                       std::unique_ptr<transport::Channel> tls)
    : host_(host),
      socket_(std::move(socket)),
      id_(id),
      accepted_at_(host.time()),
      session_(std::move(session)),
      tls_(std::move(tls)),
      active_at_(accepted_at_) {}

void Connection::start() {
  arm_read();
}

// --- Reading -------------------------------------------------------------------------------------

/// Whether a further request may be taken.
bool Connection::may_begin() const {
  const ServerOptions& options = host_.options();
  if (host_.is_stopping() || deferred_ || session_.closes) return false;
  if (exchanges_.size() >= options.requests_in_flight_max) return false;
  if (!exchanges_.empty() && in_flight_bytes_ >= options.connection_bytes_max) return false;
  if (unsent_ == 0) return true;
  return unsent_ <= static_cast<std::int64_t>(unsent_bytes_max) && host_.has_answer_room();
}

bool Connection::wants_bytes() const {
  if (is_closed_ || is_waiting_for_room_ || !ahead_.empty()) return false;
  // While the security is not established, bytes are not of requests.
  return frame_ || may_begin() || (tls_ && !tls_->is_established());
}

void Connection::arm_read() {
  if (is_reading_ || !wants_bytes()) return;
  is_reading_ = true;
  socket_.async_wait(Tcp::socket::wait_read, [self = shared_from_this()](const NetError& error) {
    self->on_readable(error);
  });
}

void Connection::on_readable(const NetError& error) {
  is_reading_ = false;
  if (is_closed_) return;
  if (error) return close();
  is_advancing_ = true;
  for (int reads = 0; reads < turn_reads && wants_bytes(); ++reads) {
    if (!read_once()) break;
  }
  is_advancing_ = false;
  advance();
}

/// False: there is nothing more to read now.
bool Connection::read_once() {
  const bool is_direct = !tls_ && frame_ && frame_->missing() >= host_.scratch().size();
  const net::mutable_buffer target =
      is_direct ? net::buffer(frame_->room(), std::min(frame_->missing(), direct_read_max))
                : host_.scratch();
  NetError failure;
  const std::size_t count = socket_.read_some(target, failure);
  if (is_blocked(failure)) return false;
  if (failure) {
    close();
    return false;
  }
  active_at_ = host_.time();
  if (is_direct) {
    frame_->added(count);
    if (frame_->missing() == 0) on_frame();
    return !is_closed_;
  }
  const std::string_view bytes{static_cast<const char*>(target.data()), count};
  if (!tls_) {
    consume(bytes);
  } else {
    plain_.clear();
    if (auto received = tls_->receive(bytes, plain_); !received) {
      flush();  // the other side learns why
      close(received.error().message);
      return false;
    }
    consume(plain_);
    plain_ = std::string();
  }
  return !is_closed_ && count == target.size();
}

void Connection::consume(std::string_view bytes) {
  while (!bytes.empty() && !is_closed_) {
    if (frame_) {
      bytes.remove_prefix(frame_->add(bytes));
      if (frame_->missing() == 0) on_frame();
      continue;
    }
    if (length_used_ < sizeof length_) {
      if (!may_begin()) break;
      length_[length_used_++] = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
    }
    if (length_used_ == sizeof length_ && !begin_frame()) break;
  }
  if (!is_closed_) ahead_.append(bytes);
}

/// Takes memory for the frame whose length has come. False: there is none now, or the length cannot be.
bool Connection::begin_frame() {
  std::uint32_t size = 0;
  for (const unsigned char byte : length_) size = (size << 8) | byte;
  const std::uint64_t size_max =
      session_.is_admitted() ? host_.options().request_bytes_max : first_request_bytes_max;
  // The bytes of a mechanism may be fewer than any request has.
  const std::uint32_t size_min = session_.sasl == Session::Sasl::by_frames ? 1 : frame_bytes_min;
  if (size < size_min || size > size_max) {
    close("a request of " + std::to_string(size) + " bytes: expected " + std::to_string(size_min) +
          " to " + std::to_string(size_max));
    return false;
  }
  http::ByteCharge charge;
  if (!charge.take(host_.requests(), size)) {
    is_waiting_for_room_ = true;
    host_.ask_for_room(*this);
    return false;
  }
  is_waiting_for_room_ = false;
  length_used_ = 0;
  frame_ = std::make_shared<Frame>(size, std::move(charge));
  frame_due_ =
      host_.time() + host_.options().timeout + std::chrono::seconds(size / frame_bytes_per_s_min);
  return true;
}

void Connection::on_frame() {
  const std::shared_ptr<const Frame> frame = std::exchange(frame_, nullptr);
  ParsedHeader parsed;
  if (session_.sasl == Session::Sasl::by_frames) {
    parsed.header.key = ApiKey::sasl_authenticate;
    parsed.body = frame->bytes();
  } else {
    auto read = parse_request_header(frame->bytes());
    if (!read) return close(read.error().message);
    parsed = *read;
  }
  const auto exchange =
      std::make_shared<Exchange>(static_cast<ExchangeHost&>(*this), frame, parsed);
  exchanges_.push_back(exchange);
  frame_sizes_.push_back(frame->size());
  in_flight_bytes_ += frame->size();
  std::ignore = hand_over(exchange);
}

bool Connection::hand_over(const std::shared_ptr<Exchange>& exchange) {
  if (host_.handler().handle(exchange)) return true;
  if (is_closed_) return false;
  deferred_ = exchange;
  host_.ask_for_room(*this);
  return false;
}

/// Goes on with what waited for a bound. False: there is nothing, or it still waits.
bool Connection::take_ahead() {
  if (is_closed_) return false;
  if (deferred_ && !hand_over(std::exchange(deferred_, nullptr))) return false;
  if (is_waiting_for_room_ && !begin_frame()) return false;
  if (ahead_.empty()) return false;
  const std::string bytes = std::exchange(ahead_, {});
  consume(bytes);
  return ahead_.size() < bytes.size();
}

// --- Answering -----------------------------------------------------------------------------------

void Connection::on_answered() {
  if (!is_advancing_) advance();
}

void Connection::advance() {
  if (is_closed_ || is_advancing_) return;
  const auto self = shared_from_this();
  is_advancing_ = true;
  do {
    collect_answers();
    flush();
  } while (take_ahead());
  collect_answers();
  flush();
  is_advancing_ = false;
  if (is_closed_) return;
  if (!is_serving() && session_.closes) return close("the client did not prove who it is");
  if (!is_serving() && host_.is_stopping()) return close();
  arm_read();
}

void Connection::collect_answers() {
  while (!exchanges_.empty() && exchanges_.front()->is_answered()) {
    const std::shared_ptr<Exchange> exchange = std::move(exchanges_.front());
    exchanges_.pop_front();
    exchange->detach();
    in_flight_bytes_ -= frame_sizes_.front();
    frame_sizes_.pop_front();
    std::int64_t bytes = 0;
    for (std::string& piece : exchange->take_pieces()) {
      if (piece.empty()) continue;  // every part that waits has bytes to write
      bytes += static_cast<std::int64_t>(piece.size());
      out_.push_back({.bytes = std::move(piece)});
    }
    if (bytes == 0) continue;
    out_.back().charge = exchange->take_charge();
    unsent_ += bytes;
    host_.count_unsent(bytes);
  }
}

void Connection::flush() {
  if (is_closed_ || is_writing_) return;
  NetError error;
  while (!error && (tls_ ? write_tls(error) : write_plain(error))) {
  }
  if (!error) return;
  if (!is_blocked(error)) return close();
  is_writing_ = true;
  socket_.async_wait(Tcp::socket::wait_write, [self = shared_from_this()](const NetError& failure) {
    self->is_writing_ = false;
    if (self->is_closed_) return;
    if (failure) return self->close();
    self->advance();
  });
}

/// False: all is written.
bool Connection::write_plain(NetError& error) {
  if (out_.empty()) return false;
  std::array<net::const_buffer, pieces_per_write> buffers;
  const std::size_t count = std::min(out_.size(), buffers.size());
  for (std::size_t i = 0; i < count; ++i) {
    buffers[i] =
        net::buffer(out_[i].bytes.data() + out_[i].sent, out_[i].bytes.size() - out_[i].sent);
  }
  const std::size_t written = socket_.write_some(buffers, error);
  on_written(written);
  return true;
}

bool Connection::write_tls(NetError& error) {
  if (tls_sent_ == tls_out_.size()) {
    tls_out_.clear();
    tls_sent_ = 0;
    if (tls_->is_established() && !out_.empty()) {
      const Out& front = out_.front();
      const std::string_view slice =
          std::string_view(front.bytes).substr(front.sent, tls_slice_bytes);
      if (auto sent = tls_->send(slice); !sent) {
        error = net::error::connection_aborted;
        return false;
      }
      on_written(slice.size());
    }
    tls_->pour(tls_out_);
    if (tls_out_.empty()) return false;
  }
  tls_sent_ += socket_.write_some(
      net::buffer(tls_out_.data() + tls_sent_, tls_out_.size() - tls_sent_), error);
  return true;
}

void Connection::on_written(std::size_t count) {
  if (count == 0) return;
  active_at_ = host_.time();
  unsent_ -= static_cast<std::int64_t>(count);
  host_.count_unsent(-static_cast<std::int64_t>(count));
  while (count > 0) {
    Out& front = out_.front();
    const std::size_t part = std::min(count, front.bytes.size() - front.sent);
    front.sent += part;
    count -= part;
    if (front.sent == front.bytes.size()) out_.pop_front();
  }
}

// --- Time and end --------------------------------------------------------------------------------

void Connection::sweep(SteadyTime now) {
  const ServerOptions& options = host_.options();
  if (!session_.is_admitted() && now - accepted_at_ > options.timeout) {
    return close("the client did not authenticate in time");
  }
  if (frame_ && now > frame_due_) return close("a request took too long to come in");
  if (!out_.empty() && now - active_at_ > options.timeout) {
    return close("the client did not take its answer");
  }
  if (is_idle() && now - active_at_ > options.idle_timeout) close();
}

void Connection::close(const std::string& reason) {
  const auto self = shared_from_this();
  if (!reason.empty() && !std::exchange(is_closing_, true)) {
    collect_answers();  // to what came before are still due
    flush();
  }
  if (std::exchange(is_closed_, true)) return;
  if (!reason.empty()) host_.report(session_.host, reason);
  NetError ignored;
  socket_.close(ignored);
  host_.count_unsent(-std::exchange(unsent_, 0));
  out_.clear();
  frame_.reset();
  deferred_.reset();
  for (const auto& exchange : std::exchange(exchanges_, {})) exchange->notify_gone();
  host_.forget(*this);
}

}  // namespace millrace::kafka
