#include "cluster/transport/links/connection.hpp"

#include <utility>

namespace millrace::transport {
namespace {

// A larger buffer is freed after a large frame.
constexpr std::size_t kept_plain_bytes_max = 2u << 20;

}  // namespace

Connection::Connection(std::unique_ptr<Channel> channel, LinkCore core, pb::Hello hello)
    : channel_(std::move(channel)), core_(std::move(core)), hello_(std::move(hello)) {
  greet();
}

void Connection::greet() {
  if (!hello_ || !channel_->is_established()) return;
  core_.say_hello(*hello_, plain_out_);
  hello_.reset();
  send_plain();
}

void Connection::receive(std::string_view bytes, TimeUs now_us) {
  plain_in_.clear();
  auto received = channel_->receive(bytes, plain_in_);
  greet();
  core_.receive(plain_in_, now_us);
  if (!received && !failure_) failure_ = received.error();
}

LinkEvent Connection::next() {
  // Records received before the failure are still processed.
  auto event = core_.next();
  if (!std::holds_alternative<std::monostate>(event) || !failure_ || core_.is_closed()) {
    return event;
  }
  return LinkClosed{*std::exchange(failure_, std::nullopt)};
}

LinkEvent Connection::tick(TimeUs now_us) {
  auto event = core_.tick(now_us, plain_out_);
  send_plain();
  return std::holds_alternative<std::monostate>(event) ? next() : event;
}

void Connection::welcome(std::size_t held) {
  core_.welcome(held, plain_out_);
  send_plain();
}

void Connection::goodbye(const Error& reason) {
  core_.goodbye(reason, plain_out_);
  send_plain();
}

void Connection::send(const Frame& frame) {
  core_.send(frame, plain_out_);
  send_plain();
}

void Connection::give_credit(std::size_t charge) {
  core_.give_credit(charge, plain_out_);
  send_plain();
}

void Connection::send_plain() {
  if (plain_out_.empty()) return;
  if (channel_->is_established()) {
    auto sent = channel_->send(plain_out_);
    if (!sent && !failure_) failure_ = sent.error();
  }
  plain_out_.clear();
  if (plain_out_.capacity() > kept_plain_bytes_max) plain_out_.shrink_to_fit();
}

void Connection::pour(std::vector<char>& out) {
  channel_->pour(out);
}

}  // namespace millrace::transport
