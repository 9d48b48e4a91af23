#include "cluster/http/server/connection.hpp"

#include <algorithm>
#include <utility>

#include "cluster/http/message/client_session.hpp"
#include "cluster/http/message/problem.hpp"

namespace millrace::http {
namespace {

using std::chrono::steady_clock;

/// Reads of one connection before others have their turn.
constexpr int turn_reads = 4;
constexpr std::uint64_t answer_bytes_per_s_min = 64u << 10;
constexpr std::chrono::seconds keep_alive_after{15};
/// A handler that takes longer is worth watching whether its client still waits.
constexpr std::chrono::milliseconds watch_after{50};

/// Brings an answer to its connection, by the loop's inbox.
class ConnectionReceiver final : public AnswerReceiver {
 public:
  ConnectionReceiver(std::shared_ptr<LoopInbox> inbox, std::uint64_t connection,
                     std::uint64_t exchange)
      : inbox_(std::move(inbox)), connection_(connection), exchange_(exchange) {}

  void receive(HttpResponse answer) override {
    inbox_->post({connection_, exchange_, std::move(answer)});
  }

 private:
  const std::shared_ptr<LoopInbox> inbox_;
  const std::uint64_t connection_;
  const std::uint64_t exchange_;
};

HttpResponse busy(const char* code, const char* detail) {
  HttpResponse response = problem(503, code, detail);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse too_many_connections() {
  return busy("too_many_connections", "all connections are at work");
}

}  // namespace

Connection::Connection(ConnectionHost& host, Tcp::socket socket, std::uint64_t id, Peer peer,
                       bool is_reserve)
    : host_(host),
      socket_(std::move(socket)),
      id_(id),
      peer_(std::move(peer)),
      is_reserve_(is_reserve) {}

void Connection::start() {
  enter(Phase::idle);
  deadline_ = entered_at_ +
              (is_reserve_ ? std::chrono::microseconds(reserve_timeout) : host_.options().timeout);
  // Where many connections wait to be accepted, the request is there already. It is read before the
  // next connection is accepted, which might take the place of this one.
  on_readable({});
}

bool Connection::is_serving() const {
  return phase_ == Phase::room || phase_ == Phase::body || phase_ == Phase::work ||
         phase_ == Phase::answer;
}

void Connection::enter(Phase phase) {
  static constexpr std::array occupations{
      Occupation::idle,         Occupation::reading_head, Occupation::waiting_for_room,
      Occupation::reading_body, Occupation::working,      Occupation::sending,
      Occupation::working,      Occupation::lingering};
  phase_ = phase;
  entered_at_ = steady_clock::now();
  unnoted_ = 0;
  host_.note(*this, occupations[static_cast<std::size_t>(phase)]);
}

// --- Reading -------------------------------------------------------------------------------------

bool Connection::wants_bytes() const {
  if (is_at_end_) return false;
  switch (phase_) {
    case Phase::idle:
    case Phase::head:
    case Phase::body:
    case Phase::linger:
      return true;
    case Phase::work:
    case Phase::stream:
      // Only to see the client go away; what it sends ahead is kept, to a bound.
      return buffer_.size() < head_bytes_max;
    default:
      return false;
  }
}

void Connection::arm_read() {
  if (is_closed_ || is_reading_ || !wants_bytes()) return;
  is_reading_ = true;
  socket_.async_wait(Tcp::socket::wait_read, [self = shared_from_this()](const NetError& error) {
    self->on_readable(error);
  });
}

void Connection::on_readable(const NetError& error) {
  is_reading_ = false;
  if (is_closed_) return;
  if (error) return lose();
  for (int reads = 0; reads < turn_reads && wants_bytes(); ++reads) {
    const net::mutable_buffer scratch = host_.scratch();
    NetError failure;
    const std::size_t count = socket_.read_some(scratch, failure);
    if (failure == net::error::would_block || failure == net::error::try_again) break;
    if (failure == net::error::eof) return on_end_of_input();
    if (failure) return lose();
    take({static_cast<const char*>(scratch.data()), count});
    if (is_closed_) return;
    if (count < scratch.size()) break;
  }
  // Most handlers are done before it is worth watching whether the client goes away: see sweep().
  if (phase_ != Phase::work) arm_read();
}

void Connection::on_end_of_input() {
  is_at_end_ = true;
  switch (phase_) {
    case Phase::work:
      // It may have closed one direction only: answers to what it sent are still written.
      if (pending_) pending_->notify_gone();
      return;
    case Phase::head:
      if (!is_head_ahead_) lose();
      return;
    default:
      return lose();
  }
}

void Connection::take(std::string_view bytes) {
  switch (phase_) {
    case Phase::idle:
      enter(Phase::head);
      deadline_ = is_reserve_ ? deadline_ : entered_at_ + host_.options().timeout;
      [[fallthrough]];
    case Phase::head:
      buffer_.append(bytes);
      find_head();
      return;
    case Phase::body:
      unnoted_ += bytes.size();
      if (unnoted_ >= progress_bytes) {
        unnoted_ = 0;
        host_.note(*this, Occupation::reading_body);
      }
      take_body(bytes);
      return;
    case Phase::linger:
      drained_ += bytes.size();
      if (drained_ > linger_bytes_max) close();
      return;
    default:
      buffer_.append(bytes);
  }
}

void Connection::find_head() {
  // An end may begin with the last three bytes that were searched before.
  const std::size_t end = buffer_.find("\r\n\r\n", searched_ < 3 ? 0 : searched_ - 3);
  const std::size_t size = end == std::string::npos ? buffer_.size() : end + 4;
  if (end == std::string::npos) {
    lines_ += std::count(buffer_.begin() + static_cast<long>(searched_), buffer_.end(), '\n');
  }
  searched_ = buffer_.size();
  if (size > head_bytes_max || lines_ > static_cast<long>(head_fields_max) + 1) {
    return refuse(problem(431, "headers_too_large",
                          "expected at most " + std::to_string(head_fields_max) +
                              " header fields and " + std::to_string(head_bytes_max) +
                              " bytes of them"));
  }
  if (end == std::string::npos) return;
  auto parsed = parse_head(std::string_view(buffer_).substr(0, size));
  buffer_.erase(0, size);
  searched_ = 0;
  lines_ = 0;
  if (auto* refusal = std::get_if<HttpResponse>(&parsed)) return refuse(std::move(*refusal));
  admit(std::move(std::get<ParsedHead>(parsed)));
}

void Connection::admit(ParsedHead head) {
  head_ = std::move(head);
  HttpRequest& request = head_.request;
  request.peer = peer_.address;
  request.is_from_loopback = peer_.is_loopback;
  must_close_ = !head_.keeps_alive || is_reserve_;
  Admission admission = host_.handler().admit(request);
  if (is_reserve_ && admission.lane != Lane::health) return refuse(too_many_connections());
  if (!admission.refusal && request.content_length > admission.body_bytes_max) {
    const Error error{ErrorCode::too_large,
                      "body: expected at most " + std::to_string(admission.body_bytes_max) +
                          " bytes, got " + std::to_string(request.content_length)};
    admission.refusal = problem(error);
  }
  if (admission.refusal) {
    // The body is not read, so that nobody knows where the next request begins.
    must_close_ = must_close_ || request.content_length > 0;
    return write_answer(std::move(*admission.refusal));
  }
  lane_ = admission.lane;
  if (request.content_length == 0) return dispatch();
  enter(Phase::room);
  host_.ask_for_room(*this);
}

bool Connection::take_room() {
  if (is_closed_ || phase_ != Phase::room) return true;
  if (!charge_.take(host_.bodies(), head_.request.content_length)) return false;
  receive_body();
  return true;
}

void Connection::receive_body() {
  enter(Phase::body);
  head_.request.body.reserve(head_.request.content_length);
  const std::string ahead = std::exchange(buffer_, {});
  if (head_.expects_continue && ahead.empty()) {
    is_continuing_ = true;
    writer_.start_continue();
    return flush();
  }
  take_body(ahead);
  arm_read();
}

void Connection::take_body(std::string_view bytes) {
  HttpRequest& request = head_.request;
  const std::size_t count =
      std::min<std::size_t>(bytes.size(), request.content_length - request.body.size());
  request.body.append(bytes.substr(0, count));
  buffer_.append(bytes.substr(count));
  if (request.body.size() == request.content_length && !is_continuing_) dispatch();
}

// --- Answering -----------------------------------------------------------------------------------

void Connection::dispatch() {
  enter(Phase::work);
  ++exchange_;
  deadline_ = entered_at_ + host_.options().timeout;
  pending_ = std::make_shared<PendingAnswer>(
      std::make_unique<ConnectionReceiver>(host_.inbox(), id_, exchange_), std::move(charge_));
  const bool is_head = head_.request.method == "HEAD";
  if (!must_close_) {
    if (!session_) session_ = std::make_shared<ClientSession>();
    head_.request.session = session_;
  }
  Work work{std::move(head_.request), pending_};
  head_.request.method = is_head ? "HEAD" : "";
  host_.run(*this, lane_, std::move(work));
}

void Connection::answer(std::uint64_t exchange, HttpResponse response) {
  if (is_closed_ || phase_ != Phase::work || exchange != exchange_) return;
  pending_.reset();
  write_answer(std::move(response));
}

void Connection::refuse(HttpResponse response) {
  must_close_ = true;
  head_.request.method.clear();
  head_.is_http_1_0 = false;
  write_answer(std::move(response));
}

void Connection::write_answer(HttpResponse response) {
  must_close_ = must_close_ || host_.is_stopping();
  AnswerForm form{.is_http_1_0 = head_.is_http_1_0,
                  .is_head = head_.request.method == "HEAD",
                  .keeps_alive = !must_close_};
  enter(Phase::answer);
  charge_.release();
  if (response.stream && !form.is_head) {
    form.keeps_alive = false;
    must_close_ = true;
    writer_.start_stream(response, form);
    stream_ = std::move(response.stream);
    stream_->start(StreamWaker(host_.inbox(), id_, exchange_));
    deadline_ = entered_at_ + host_.options().timeout;
    return flush();
  }
  loss_guard_ = std::move(response.loss_guard);
  answer_bytes_ = static_cast<std::int64_t>(response.body.size());
  deadline_ = entered_at_ + host_.options().timeout +
              std::chrono::seconds(response.body.size() / answer_bytes_per_s_min);
  host_.count_answer(answer_bytes_);
  writer_.start_answer(std::move(response), form);
  flush();
}

void Connection::flush() {
  if (is_closed_ || is_writing_ || !writer_.is_busy()) return;
  std::uint64_t written = 0;
  const AnswerWriter::Progress progress = writer_.write_to(socket_, written);
  if (progress == AnswerWriter::Progress::failed) return lose();
  if (progress == AnswerWriter::Progress::done) return on_written();
  unnoted_ += written;
  if (unnoted_ >= progress_bytes && phase_ == Phase::answer) {
    unnoted_ = 0;
    host_.note(*this, Occupation::sending);
  }
  is_writing_ = true;
  socket_.async_wait(Tcp::socket::wait_write, [self = shared_from_this()](const NetError& error) {
    self->is_writing_ = false;
    if (error && !self->is_closed_) return self->lose();
    self->flush();
  });
}

void Connection::on_written() {
  if (is_continuing_) {
    is_continuing_ = false;
    take_body({});  // which may have come meanwhile
    return arm_read();
  }
  host_.count_answer(-std::exchange(answer_bytes_, 0));
  if (loss_guard_) loss_guard_->written();
  loss_guard_.reset();
  if (stream_) {
    if (is_stream_ended_) return linger();
    if (host_.is_stopping()) return end_stream();
    enter(Phase::stream);
    return pull_stream();
  }
  if (must_close_) return linger();
  next_request();
}

void Connection::continue_stream(std::uint64_t exchange) {
  if (!is_closed_ && phase_ == Phase::stream && exchange == exchange_) pull_stream();
}

void Connection::pull_stream() {
  arm_read();
  if (writer_.is_busy()) return;
  auto text = stream_->next();
  if (!text) return;
  enter(Phase::answer);  // until the client has taken it
  deadline_ = entered_at_ + host_.options().timeout;
  writer_.start_piece(std::move(text));
  flush();
}

void Connection::end_stream() {
  is_stream_ended_ = true;
  writer_.start_end();
  if (!writer_.is_busy()) return linger();
  enter(Phase::answer);
  deadline_ = entered_at_ + host_.options().timeout;
  flush();
}

void Connection::next_request() {
  head_ = {};
  if (buffer_.empty()) {
    if (is_at_end_) return lose();
    buffer_.shrink_to_fit();
    enter(Phase::idle);
    deadline_ = entered_at_ + host_.options().timeout;
    return arm_read();
  }
  enter(Phase::head);
  deadline_ = entered_at_ + host_.options().timeout;
  // In a later turn of the loop: a client may have sent hundreds ahead.
  is_head_ahead_ = true;
  net::post(socket_.get_executor(), [self = shared_from_this()] {
    self->is_head_ahead_ = false;
    if (self->is_closed_ || self->phase_ != Phase::head) return;
    self->find_head();
    if (self->is_at_end_ && self->phase_ == Phase::head) return self->lose();
    if (self->phase_ != Phase::work) self->arm_read();
  });
}

void Connection::linger() {
  // Closing with bytes unread would reset the connection, and take the answer from the client.
  stream_.reset();
  buffer_ = std::string();
  if (is_at_end_) return close();  // nothing is unread
  NetError ignored;
  socket_.shutdown(Tcp::socket::shutdown_send, ignored);
  enter(Phase::linger);
  deadline_ = entered_at_ + linger_time;
  arm_read();
}

// --- Time and end --------------------------------------------------------------------------------

void Connection::sweep(SteadyTime now) {
  const auto self = shared_from_this();
  if (phase_ == Phase::work) {
    if (now - entered_at_ >= watch_after) arm_read();
    pending_->expire(now);
    if (deadline_ <= now) {
      pending_->complete_unstarted(busy("timeout", "no thread was free in time; not begun"));
    }
    return;
  }
  if (phase_ == Phase::stream) {
    if (now - entered_at_ < keep_alive_after || writer_.is_busy()) return;
    enter(Phase::answer);
    deadline_ = entered_at_ + host_.options().timeout;
    writer_.start_piece(stream_->keep_alive());
    return flush();
  }
  if (deadline_ > now) return;
  if (is_reserve_ && phase_ <= Phase::head) return refuse(too_many_connections());
  switch (phase_) {
    case Phase::head:
    case Phase::body:
      if (is_continuing_) return close();
      return refuse(problem(408, "timeout", "the request took too long to come in"));
    case Phase::room:
      return refuse(busy("timeout", "other bodies took all room for bodies; not taken"));
    default:
      return close();
  }
}

void Connection::wind_down() {
  const auto self = shared_from_this();
  must_close_ = true;
  if (phase_ == Phase::stream) return end_stream();
  if (!is_serving()) close();
}

void Connection::lose() {
  const auto session = session_;
  close();
  if (session) session->end();
}

void Connection::close() {
  if (std::exchange(is_closed_, true)) return;
  const auto self = shared_from_this();
  NetError ignored;
  socket_.close(ignored);
  host_.count_answer(-std::exchange(answer_bytes_, 0));
  charge_.release();
  if (pending_) pending_->abandon();
  pending_.reset();
  stream_.reset();
  loss_guard_.reset();
  host_.forget(*this);
}

}  // namespace millrace::http
