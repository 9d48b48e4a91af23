#include "cluster/calls/core/call_core.hpp"

#include <algorithm>

#include "cluster/calls/core/frame_kind.hpp"

namespace millrace::calls {
namespace {

using transport::Frame;

/// A request beyond the bounds is refused by an answer only while fewer frames than this, for each call
/// that may be in flight, wait for the link: a peer that reads no answers must not fill the memory. The
/// call ends by its time then.
constexpr std::size_t waiting_per_call = 4;

Error too_large(const std::string& what, std::size_t bytes, std::size_t bytes_max) {
  return {ErrorCode::too_large, what + " of " + std::to_string(bytes) +
                                    " bytes, expected at most " + std::to_string(bytes_max)};
}

Error stopping(const std::string& node) {
  return {ErrorCode::draining, node + " is stopping"};
}

std::optional<Error> bad_name(std::string_view service) {
  if (!service.empty() && service.size() <= service_name_bytes_max) return std::nullopt;
  return Error{ErrorCode::invalid_argument,
               "the name of a service of " + std::to_string(service.size()) +
                   " bytes, expected 1 to " + std::to_string(service_name_bytes_max)};
}

Frame to_frame(std::uint64_t caller, CallNumber number, const Result<std::string>& result) {
  pb::PeerAnswer answer;
  answer.set_caller(caller);
  answer.set_number(number);
  if (result) {
    answer.set_answer(*result);
  } else {
    answer.mutable_error()->set_code(static_cast<std::uint32_t>(result.error().code));
    answer.mutable_error()->set_message(result.error().message.substr(0, error_text_bytes_max));
  }
  return {answer_frame, answer.SerializeAsString()};
}

/// What is wrong with an answer: it has no outcome, or an error without a code.
std::optional<Error> fault_of(const pb::PeerAnswer& answer) {
  if (answer.has_answer()) return std::nullopt;
  const std::uint32_t code = answer.error().code();
  if (answer.has_error() && code > 0 && code <= 255) return std::nullopt;
  return Error{ErrorCode::protocol, "answer " + std::to_string(answer.number()) +
                                        " to a call has neither a result nor the code of an error"};
}

/// REQUIRES: the answer has no fault.
Result<std::string> outcome_of(pb::PeerAnswer& answer) {
  if (answer.has_answer()) return std::move(*answer.mutable_answer());
  return Error{static_cast<ErrorCode>(answer.error().code()),
               std::move(*answer.mutable_error()->mutable_message())};
}

}  // namespace

std::optional<Error> CallCore::refusal(const std::string& peer, const Peer& to,
                                       const std::string& service,
                                       std::size_t request_bytes) const {
  if (is_stopped_) return stopping(self_);
  if (auto bad = bad_name(service)) return bad;
  if (request_bytes > limits_.message_bytes_max) {
    return too_large("a request to " + service + " at " + peer, request_bytes,
                     limits_.message_bytes_max);
  }
  if (peer != self_ && !to.is_up) {
    return Error{ErrorCode::unreachable, "no link to " + peer + ": the call was not sent"};
  }
  if (peer != self_ && !to.knows_calls) {
    return Error{ErrorCode::not_found, peer + " runs a version that takes no calls"};
  }
  if (to.in_flight >= limits_.calls_max) {
    return Error{ErrorCode::backlog_full,
                 std::to_string(to.in_flight) + " calls to " + peer + " are in flight"};
  }
  if (!has_room(to, request_bytes)) {
    return Error{ErrorCode::backlog_full,
                 std::to_string(to.waiting_bytes) + " bytes wait for the link to " + peer};
  }
  return std::nullopt;
}

Result<CallNumber> CallCore::begin(const std::string& peer, const std::string& service,
                                   const std::string& request, DurationUs timeout_us,
                                   SteadyUs now_us) {
  const auto known = peers_.find(peer);
  const Peer none;
  if (auto refused =
          refusal(peer, known == peers_.end() ? none : known->second, service, request.size())) {
    return *std::move(refused);
  }
  if (timeout_us <= 0) {
    return Error{ErrorCode::timeout, "a call to " + peer + " with no time left: it was not sent"};
  }
  Peer& to = peers_[peer];
  const CallNumber number = ++last_;
  const SteadyUs deadline_us = time_after(now_us, timeout_us);
  calls_.emplace(number, Call{peer, deadline_us});
  deadlines_.emplace(deadline_us, number);
  ++to.in_flight;
  if (peer == self_) return number;
  pb::PeerRequest message;
  message.set_caller(incarnation_);
  message.set_number(number);
  message.set_service(service);
  message.set_request(request);
  push(to, {request_frame, message.SerializeAsString()}, Kind::request, {peer, 0, 0, number});
  return number;
}

Ended CallCore::end(CallNumber number, Result<std::string> result) {
  const auto call = calls_.find(number);
  deadlines_.erase({call->second.deadline_us, number});
  --peers_.at(call->second.peer).in_flight;
  calls_.erase(call);
  return {number, std::move(result)};
}

Result<std::string> CallCore::checked(Result<std::string> result, const std::string& peer) const {
  if (!result || result->size() <= limits_.message_bytes_max) return result;
  return too_large("an answer of " + peer, result->size(), limits_.message_bytes_max);
}

std::optional<Ended> CallCore::end_own(CallNumber number, Result<std::string> result) {
  if (!calls_.contains(number)) return std::nullopt;
  return end(number, checked(std::move(result), self_));
}

std::vector<Ended> CallCore::tick(SteadyUs now_us) {
  std::vector<Ended> ended;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now_us) {
    const CallNumber number = deadlines_.begin()->second;
    Peer& peer = peers_.at(calls_.at(number).peer);
    const std::string name = calls_.at(number).peer;
    const auto unsent =
        std::find_if(peer.waiting.begin(), peer.waiting.end(), [&](const Waiting& waiting) {
          return waiting.kind == Kind::request && waiting.answers.number == number;
        });
    const bool was_sent = unsent == peer.waiting.end();
    if (!was_sent) {
      peer.waiting_bytes -= unsent->bytes;
      peer.waiting.erase(unsent);
    }
    ended.push_back(end(
        number, Error{ErrorCode::timeout,
                      was_sent ? "no answer of " + name + " in time"
                               : "the link to " + name + " had no room: the call was not sent"}));
  }
  return ended;
}

std::vector<Ended> CallCore::stop() {
  is_stopped_ = true;
  std::vector<Ended> ended;
  while (!calls_.empty()) ended.push_back(end(calls_.begin()->first, stopping(self_)));
  for (auto& [name, peer] : peers_) {
    std::erase_if(peer.waiting, [&](const Waiting& waiting) {
      if (waiting.kind != Kind::request) return false;
      peer.waiting_bytes -= waiting.bytes;
      return true;
    });
  }
  return ended;
}

void CallCore::on_up(const std::string& peer, bool knows_calls) {
  Peer& state = peers_[peer];
  state.is_up = true;
  state.knows_calls = knows_calls;
  ++state.links;
}

std::vector<Ended> CallCore::on_down(const std::string& peer, const Error& reason) {
  std::vector<Ended> ended;
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return ended;
  std::vector<CallNumber> lost;
  for (const auto& [number, call] : calls_) {
    if (call.peer == peer && peer != self_) lost.push_back(number);
  }
  for (const CallNumber number : lost) {
    ended.push_back(end(number, Error{ErrorCode::unreachable,
                                      "the link to " + peer +
                                          " went down before an answer came: " + reason.message}));
  }
  Peer next;
  next.links = found->second.links;
  found->second = std::move(next);
  return ended;
}

void CallCore::on_writable(const std::string& peer) {
  const auto found = peers_.find(peer);
  if (found != peers_.end()) found->second.is_blocked = false;
}

std::vector<std::string> CallCore::peers_up() const {
  std::vector<std::string> names;
  for (const auto& [name, peer] : peers_) {
    if (peer.is_up) names.push_back(name);
  }
  return names;
}

std::optional<Error> CallCore::refusal(const Peer& from, const pb::PeerRequest& request) const {
  if (is_stopped_) return stopping(self_);
  if (auto bad = bad_name(request.service())) return bad;
  const std::size_t bytes = request.request().size();
  if (bytes > limits_.message_bytes_max) {
    return too_large("a request to " + request.service() + " at " + self_, bytes,
                     limits_.message_bytes_max);
  }
  const bool has_bytes = from.served.empty() || from.served_bytes + bytes <= limits_.bytes_max;
  if (from.served.size() >= limits_.calls_max || !has_bytes) {
    return Error{ErrorCode::backlog_full,
                 self_ + " serves " + std::to_string(from.served.size()) + " requests with " +
                     std::to_string(from.served_bytes) + " bytes of this node already"};
  }
  return std::nullopt;
}

Result<std::optional<Received>> CallCore::on_request(const std::string& peer,
                                                     pb::PeerRequest&& request) {
  Peer& from = peers_[peer];
  const CallNumber number = request.number();
  if (number <= from.last_request) {
    return Error{ErrorCode::protocol, "a call with number " + std::to_string(number) +
                                          ", expected above " + std::to_string(from.last_request)};
  }
  from.last_request = number;
  Served served{peer, from.links, request.caller(), number};
  if (auto refused = refusal(from, request)) {
    if (from.waiting.size() < waiting_per_call * limits_.calls_max) {
      push_answer(from, served, *std::move(refused));
    }
    return std::optional<Received>();
  }
  from.served.emplace(number, request.request().size());
  from.served_bytes += request.request().size();
  return std::optional<Received>({std::move(served), std::move(*request.mutable_service()),
                                  std::move(*request.mutable_request())});
}

Result<std::optional<Ended>> CallCore::on_answer(const std::string& peer, pb::PeerAnswer&& answer) {
  if (auto fault = fault_of(answer)) return *std::move(fault);
  if (answer.caller() != incarnation_) return std::optional<Ended>();
  const CallNumber number = answer.number();
  const auto call = calls_.find(number);
  const bool is_of_another = call != calls_.end() && call->second.peer != peer;
  if (number == 0 || number > last_ || is_of_another) {
    return Error{ErrorCode::protocol, "an answer to call " + std::to_string(number) + ", which " +
                                          self_ + " has not made there"};
  }
  if (call == calls_.end()) return std::optional<Ended>();
  return std::optional<Ended>(end(number, checked(outcome_of(answer), peer)));
}

void CallCore::answer(const Served& served, const Result<std::string>& result) {
  const auto found = peers_.find(served.peer);
  if (found == peers_.end() || found->second.links != served.link) return;
  Peer& peer = found->second;
  const auto request = peer.served.find(served.number);
  if (request == peer.served.end()) return;
  peer.served_bytes -= request->second;
  peer.served.erase(request);
  if (result && result->size() > limits_.message_bytes_max) {
    push_answer(peer, served,
                too_large("an answer of " + self_, result->size(), limits_.message_bytes_max));
  } else if (result && !has_room(peer, result->size())) {
    push_answer(peer, served,
                Error{ErrorCode::backlog_full, std::to_string(peer.waiting_bytes) +
                                                   " bytes of answers of " + self_ +
                                                   " wait for the link; the request was handled"});
  } else {
    push_answer(peer, served, result);
  }
}

void CallCore::push_answer(Peer& peer, const Served& served, const Result<std::string>& result) {
  push(peer, to_frame(served.caller, served.number, result), result ? Kind::answer : Kind::refusal,
       served);
}

void CallCore::push(Peer& peer, Frame frame, Kind kind, Served answers) {
  const std::size_t bytes = frame.bytes.size();
  peer.waiting_bytes += bytes;
  peer.waiting.push_back({std::move(frame), kind, std::move(answers), bytes});
}

std::optional<CallCore::Outgoing> CallCore::next(SteadyUs now_us) {
  for (auto& [name, peer] : peers_) {
    if (peer.waiting.empty() || peer.is_blocked) continue;
    if (now_us >= peer.burst_end_us) {
      peer.burst_bytes = 0;
      peer.burst_end_us = now_us + limits_.burst_us;
    }
    if (!is_paced(peer)) return Outgoing{name, peer.waiting.front().frame};
  }
  return std::nullopt;
}

std::optional<Ended> CallCore::sent(const std::string& peer, const Result<void>& result) {
  Peer& to = peers_.at(peer);
  if (!result && result.error().code == ErrorCode::backlog_full) {
    to.is_blocked = true;
    return std::nullopt;
  }
  const Waiting first = std::move(to.waiting.front());
  to.waiting.pop_front();
  to.waiting_bytes -= first.bytes;
  if (result) {
    to.burst_bytes += first.bytes;
  } else if (first.kind == Kind::request) {
    return end(first.answers.number, result.error());
  } else if (first.kind == Kind::answer && result.error().code == ErrorCode::too_large) {
    push_answer(to, first.answers, result.error());
  }
  // An answer that cannot be sent for another reason is lost with its link.
  return std::nullopt;
}

std::optional<SteadyUs> CallCore::next_due() const {
  std::optional<SteadyUs> due_us;
  if (!deadlines_.empty()) due_us = deadlines_.begin()->first;
  for (const auto& [name, peer] : peers_) {
    if (peer.waiting.empty() || peer.is_blocked) continue;
    due_us = std::min(due_us.value_or(peer.burst_end_us), peer.burst_end_us);
  }
  return due_us;
}

}  // namespace millrace::calls
