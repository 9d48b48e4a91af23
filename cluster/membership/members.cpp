#include "cluster/membership/members.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include <spdlog/spdlog.h>

namespace millrace::cluster {
namespace {

using membership::Change;

const char* to_text(Change change) {
  switch (change) {
    case Change::joining:
      return "is joining";
    case Change::up:
      return "is up";
    case Change::leaving:
      return "is leaving";
    case Change::removed:
      return "has left";
    case Change::restarted:
      return "has started anew";
    case Change::unreachable:
      return "is unreachable";
    case Change::reachable:
      return "is reachable again";
    case Change::self_late:
      return "was late itself and blames nobody for now";
    case Change::self_fenced:
      return "has a later start elsewhere";
  }
  return "changed";
}

void log(const membership::Event& event) {
  const bool is_bad = event.change == Change::unreachable || event.change == Change::self_late ||
                      event.change == Change::self_fenced;
  spdlog::log(is_bad ? spdlog::level::warn : spdlog::level::info, "node {}, incarnation {}, {}",
              event.member, event.incarnation, to_text(event.change));
}

}  // namespace

std::string to_text(pb::MemberState state) {
  switch (state) {
    case pb::MEMBER_JOINING:
      return "joining";
    case pb::MEMBER_UP:
      return "up";
    case pb::MEMBER_LEAVING:
      return "leaving";
    case pb::MEMBER_REMOVED:
      return "removed";
    default:
      return "unknown";
  }
}

Members::Members(Options options, transport::Transport& transport, const Clock& clock)
    : options_(std::move(options)),
      transport_(transport),
      clock_(clock),
      others_(options_.others),
      membership_(membership::start(options_.limits, options_.self, options_.others)) {}

Members::~Members() {
  stop();
}

void Members::start() {
  thread_ = std::thread([this] { run(); });
}

void Members::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  stopping_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Members::run() {
  const std::chrono::microseconds interval(options_.limits.heartbeat_us);
  auto due = std::chrono::steady_clock::now();
  for (;;) {
    membership::Effects effects;
    {
      std::unique_lock lock(mutex_);
      if (stopping_.wait_until(lock, due, [this] { return is_stopping_; })) return;
      effects = tick(membership_, clock_.steady_us());
    }
    carry_out(effects);
    due = std::max(due + interval, std::chrono::steady_clock::now());
  }
}

// A heartbeat that is not sent because the window is full is replaced by the next one.
void Members::carry_out(const membership::Effects& effects) {
  if (effects.heartbeat) {
    const std::string bytes = effects.heartbeat->SerializeAsString();
    std::map<std::string, std::string> others;
    {
      const std::lock_guard lock(mutex_);
      others = others_;
    }
    for (const auto& [name, address] : others) {
      std::ignore = transport_.send(name, {heartbeat_frame, bytes});
    }
  }
  for (const membership::Event& event : effects.events) {
    log(event);
    if (event.change == Change::self_fenced && options_.on_fenced) options_.on_fenced();
  }
}

void Members::advance(pb::MemberState state) {
  membership::Effects effects;
  {
    const std::lock_guard lock(mutex_);
    effects = membership::advance(membership_, state);
  }
  carry_out(effects);
}

void Members::set_address(const std::string& address) {
  const std::lock_guard lock(mutex_);
  membership_.self.set_address(address);
}

void Members::set_others(std::map<std::string, std::string> others) {
  const std::lock_guard lock(mutex_);
  membership::set_others(membership_, others);
  others_ = std::move(others);
}

Result<void> Members::take(const std::string& peer, const std::string& bytes) {
  pb::Heartbeat heartbeat;
  if (!heartbeat.ParseFromString(bytes)) {
    return Error{ErrorCode::protocol,
                 "a heartbeat of " + std::to_string(bytes.size()) + " bytes that does not parse"};
  }
  if (heartbeat.from().name() != peer) {
    return Error{ErrorCode::protocol, "a heartbeat in the name of another node"};
  }
  membership::Effects effects;
  {
    const std::lock_guard lock(mutex_);
    effects = heard(membership_, heartbeat, clock_.steady_us());
  }
  carry_out(effects);
  return {};
}

std::vector<MemberView> Members::view() const {
  const std::lock_guard lock(mutex_);
  std::vector<MemberView> views{{.name = membership_.self.name(),
                                 .address = membership_.self.address(),
                                 .incarnation = membership_.self.incarnation(),
                                 .state = membership_.state,
                                 .is_self = true}};
  for (const auto& [name, member] : membership_.members) {
    views.push_back({.name = name,
                     .address = member.address,
                     .incarnation = member.incarnation,
                     .state = member.state,
                     .is_unreachable = member.unreachable});
  }
  std::sort(views.begin(), views.end(),
            [](const MemberView& a, const MemberView& b) { return a.name < b.name; });
  return views;
}

}  // namespace millrace::cluster
