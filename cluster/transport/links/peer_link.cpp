#include "cluster/transport/links/peer_link.hpp"

#include <algorithm>
#include <utility>

namespace millrace::transport {

PeerLink::PeerLink(std::string peer, std::size_t window_bytes, std::size_t frame_bytes_max)
    : peer_(std::move(peer)),
      frame_bytes_max_(frame_bytes_max),
      sent_(window_bytes),
      received_(window_bytes) {}

void PeerLink::attach(std::function<void()> wake_broker, std::function<void()> wake_delivery) {
  const Lock lock(mutex_);
  wake_broker_ = std::move(wake_broker);
  wake_delivery_ = std::move(wake_delivery);
  // Data and notices may have arrived before the callbacks were set.
  if (is_broker_awake_) wake_broker_();
  if (is_delivery_awake_) wake_delivery_();
}

void PeerLink::detach() {
  std::deque<Notice> dropped;  // credits hold a shared_ptr to this link
  const Lock lock(mutex_);
  dropped.swap(inbox_);
  wake_broker_ = nullptr;
  wake_delivery_ = nullptr;
  is_detached_ = true;
}

void PeerLink::wake_broker() {
  if (!std::exchange(is_broker_awake_, true) && wake_broker_) wake_broker_();
}

void PeerLink::notify(Notice notice) {
  inbox_.push_back(std::move(notice));
  if (!std::exchange(is_delivery_awake_, true) && wake_delivery_) wake_delivery_();
}

Result<void> PeerLink::send(Frame&& frame) {
  const std::size_t charge = charge_of(frame.bytes.size());
  if (frame.bytes.size() > frame_bytes_max_) {
    return Error{ErrorCode::too_large, "a frame of " + std::to_string(frame.bytes.size()) +
                                           " bytes, expected at most " +
                                           std::to_string(frame_bytes_max_)};
  }
  const Lock lock(mutex_);
  if (is_draining_) return Error{ErrorCode::draining, "the transport stops"};
  if (!is_up_) return Error{ErrorCode::unreachable, "no link to '" + peer_ + "': " + last_error_};
  if (!sent_.has_room(charge)) {
    refused_charge_ = std::min(charge, refused_charge_.value_or(charge));
    return Error{ErrorCode::backlog_full, "the window of the link to '" + peer_ + "' is used up"};
  }
  sent_.take(charge);
  outgoing_.push_back(std::move(frame));
  wake_broker();
  return {};
}

void PeerLink::release(std::size_t charge) {
  const Lock lock(mutex_);
  received_.give_back(charge);
  unannounced_credit_ += charge;
  if (is_up_) wake_broker();
}

void PeerLink::reject(Error reason) {
  std::deque<Notice> dropped;  // destroyed after unlocking, as in down()
  const Lock lock(mutex_);
  const auto is_of_another_link = [](const Notice& notice) {
    return std::holds_alternative<DownNotice>(notice) || std::holds_alternative<UpNotice>(notice);
  };
  // A pending up or down notice means that the current link is not the one the listener refers to.
  if (!is_up_ || rejection_ || std::any_of(inbox_.begin(), inbox_.end(), is_of_another_link)) {
    return;
  }
  rejection_ = std::move(reason);
  dropped.swap(inbox_);
  is_writable_noticed_ = false;
  wake_broker();
}

LinkStatus PeerLink::status() const {
  const Lock lock(mutex_);
  return {is_up_,           incarnation_, is_up_ ? sent_.used() : 0,
          received_.used(), last_error_,  is_up_ ? features_ : 0};
}

void PeerLink::drain() {
  const Lock lock(mutex_);
  is_draining_ = true;
}

std::size_t PeerLink::begin() {
  const Lock lock(mutex_);
  unannounced_credit_ = 0;
  return received_.used();
}

void PeerLink::up(std::uint64_t incarnation, std::size_t held_by_peer, std::uint64_t features) {
  const Lock lock(mutex_);
  is_up_ = true;
  rejection_.reset();
  incarnation_ = incarnation;
  features_ = features;
  sent_.reset(held_by_peer);
  notify(UpNotice{incarnation});
  if (unannounced_credit_ > 0) wake_broker();
}

void PeerLink::down(Error reason) {
  std::deque<Notice>
      dropped;  // destroying a credit locks mutex_, so this is declared before `lock`
  const Lock lock(mutex_);
  last_error_ = reason.message;
  if (!std::exchange(is_up_, false)) return;
  outgoing_.clear();
  refused_charge_.reset();
  is_writable_noticed_ = false;
  while (!inbox_.empty() && !std::holds_alternative<DownNotice>(inbox_.back())) {
    dropped.push_back(std::move(inbox_.back()));
    inbox_.pop_back();
    // Drop an undelivered up together with its down: a flapping link must not fill the inbox.
    if (std::holds_alternative<UpNotice>(dropped.back())) return;
  }
  notify(DownNotice{std::move(reason)});
}

Outgoing PeerLink::take() {
  const Lock lock(mutex_);
  is_broker_awake_ = false;
  if (!is_up_) return {};
  if (rejection_) return {.rejection = rejection_};
  return {.frames = std::exchange(outgoing_, {}), .credit = std::exchange(unannounced_credit_, 0)};
}

bool PeerLink::received(Frame frame) {
  const std::size_t charge = charge_of(frame.bytes.size());
  const Lock lock(mutex_);
  if (is_detached_ || rejection_) return true;
  if (!received_.has_room(charge)) return false;
  received_.take(charge);
  notify(FrameNotice{std::move(frame), Credit(shared_from_this(), charge)});
  return true;
}

void PeerLink::credited(std::size_t charge) {
  const Lock lock(mutex_);
  sent_.give_back(charge);
  if (rejection_) return;
  if (!refused_charge_ || !sent_.has_room(*refused_charge_)) return;
  refused_charge_.reset();
  if (!std::exchange(is_writable_noticed_, true)) notify(WritableNotice{});
}

bool PeerLink::is_idle() const {
  const Lock lock(mutex_);
  return !is_up_ || sent_.used() == 0;
}

std::optional<Notice> PeerLink::next() {
  const Lock lock(mutex_);
  if (inbox_.empty() || is_detached_) {
    is_delivery_awake_ = false;
    return std::nullopt;
  }
  std::optional<Notice> notice(std::move(inbox_.front()));
  if (std::holds_alternative<WritableNotice>(*notice)) is_writable_noticed_ = false;
  inbox_.pop_front();
  return notice;
}

namespace {

struct NoticeVisitor {
  TransportListener& listener;
  const std::string& peer;

  void operator()(UpNotice& up) const { listener.on_up(peer, up.incarnation); }
  void operator()(FrameNotice& frame) const {
    listener.on_frame(peer, std::move(frame.frame), std::move(frame.credit));
  }
  void operator()(WritableNotice&) const { listener.on_writable(peer); }
  void operator()(DownNotice& down) const { listener.on_down(peer, down.reason); }
};

}  // namespace

void deliver(PeerLink& link, TransportListener& listener) {
  while (auto notice = link.next()) std::visit(NoticeVisitor{listener, link.peer()}, *notice);
}

}  // namespace millrace::transport
