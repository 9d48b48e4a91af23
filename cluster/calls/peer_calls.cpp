#include "cluster/calls/peer_calls.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "cluster/calls/core/call_core.hpp"

namespace millrace::calls {
namespace {

/// Beyond these a time in microseconds may be too large for its type.
constexpr std::chrono::milliseconds timeout_min{0};
constexpr std::chrono::milliseconds timeout_max{time_max_us / 1'000};

/// Gives one answer: the first, or an error if all owners drop it.
class Reply {
 public:
  explicit Reply(PeerCalls::Answer send) : send_(std::move(send)) {}
  ~Reply() {
    if (!is_given_) send_(Error{ErrorCode::handler_failed, "the service gave no answer"});
  }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  void give(Result<std::string> result) {
    if (!is_given_.exchange(true)) send_(std::move(result));
  }

 private:
  const PeerCalls::Answer send_;
  std::atomic<bool> is_given_ = false;
};

PeerCalls::Answer answer_by(PeerCalls::Answer send) {
  return [reply = std::make_shared<Reply>(std::move(send))](Result<std::string> result) {
    reply->give(std::move(result));
  };
}

template <class Message>
Result<Message> parse(const transport::Frame& frame) {
  Message message;
  if (message.ParseFromString(frame.bytes)) return message;
  return Error{ErrorCode::protocol, "a frame of " + std::to_string(frame.bytes.size()) +
                                        " bytes holds no " + message.GetTypeName()};
}

}  // namespace

class PeerCalls::State : public std::enable_shared_from_this<State> {
 public:
  State(std::string self, std::uint64_t incarnation, transport::Transport& transport,
        const Clock& clock, const Limits& limits)
      : self_(std::move(self)),
        clock_(clock),
        transport_(&transport),
        core_(self_, incarnation, limits) {}

  void serve(std::string service, Service handler) {
    auto shared = std::make_shared<const Service>(std::move(handler));
    const std::lock_guard lock(mutex_);
    // What the former handler holds is destroyed after unlocking: it may be an answer.
    services_[std::move(service)].swap(shared);
  }

  void call(const std::string& peer, const std::string& service, std::string request,
            std::chrono::milliseconds timeout, Answer done) {
    std::optional<Error> refused;
    std::optional<CallNumber> own;
    change([&](std::vector<Ended>&) {
      auto begun = begin(peer, service, request, timeout);
      if (!begun) {
        refused = begun.error();
        return;
      }
      done_.emplace(*begun, std::move(done));
      if (peer == self_) own = *begun;
    });
    if (refused) return done(*std::move(refused));
    if (own) serve_own(*own, service, std::move(request));
  }

  [[nodiscard]] std::vector<std::string> peers_up() const {
    const std::lock_guard lock(mutex_);
    return core_.peers_up();
  }

  void open(const MakeTimer& make_timer) {
    auto timer = make_timer([state = weak_from_this()] {
      if (const auto alive = state.lock()) alive->change([](std::vector<Ended>&) {}, true);
    });
    const std::lock_guard lock(mutex_);
    if (!is_stopped_) set_timer_ = std::move(timer);
  }

  void stop() {
    SetTimer timer;  // destroyed after unlocking
    change([&](std::vector<Ended>& ended) {
      is_stopped_ = true;
      timer.swap(set_timer_);
      ended = core_.stop();
    });
  }

  /// From now on the transport may be destroyed.
  void leave_transport() {
    const std::lock_guard lock(mutex_);
    transport_ = nullptr;
  }

  Result<void> take_request(const std::string& peer, const transport::Frame& frame) {
    auto request = parse<pb::PeerRequest>(frame);
    if (!request) return request.error();
    std::optional<Error> fault;
    std::optional<Received> received;
    std::shared_ptr<const Service> service;
    change([&](std::vector<Ended>&) {
      auto taken = core_.on_request(peer, *std::move(request));
      if (!taken) {
        fault = taken.error();
      } else if (*taken) {
        received = **std::move(taken);
        service = find(received->service);
        if (!service) core_.answer(received->from, no_service(received->service));
      }
    });
    if (fault) return *std::move(fault);
    if (!service) return {};
    (*service)(peer, std::move(received->request),
               answer_by([state = weak_from_this(),
                          from = received->from](const Result<std::string>& result) {
                 const auto alive = state.lock();
                 if (!alive) return;
                 alive->change([&](std::vector<Ended>&) { alive->core_.answer(from, result); });
               }));
    return {};
  }

  Result<void> take_answer(const std::string& peer, const transport::Frame& frame) {
    auto answer = parse<pb::PeerAnswer>(frame);
    if (!answer) return answer.error();
    std::optional<Error> fault;
    change([&](std::vector<Ended>& ended) {
      auto taken = core_.on_answer(peer, *std::move(answer));
      if (!taken) {
        fault = taken.error();
      } else if (*taken) {
        ended.push_back(**std::move(taken));
      }
    });
    if (fault) return *std::move(fault);
    return {};
  }

  void on_up(const std::string& peer) {
    const auto status = transport_->status(peer);
    const bool knows_calls = status && (status->features & calls_feature) != 0;
    change([&](std::vector<Ended>&) { core_.on_up(peer, knows_calls); });
  }
  void on_writable(const std::string& peer) {
    change([&](std::vector<Ended>&) { core_.on_writable(peer); });
  }
  void on_down(const std::string& peer, const Error& reason) {
    change([&](std::vector<Ended>& ended) { ended = core_.on_down(peer, reason); });
  }

  [[nodiscard]] const Clock& clock() const { return clock_; }

 private:
  /// Lets `act` change the core, sends what may be sent, sets the timer, and then, without the lock,
  /// ends the calls that have ended.
  template <class Act>
  void change(Act act, bool is_time = false) {
    std::vector<std::pair<Answer, Result<std::string>>> answers;
    {
      const std::lock_guard lock(mutex_);
      const SteadyUs now_us = clock_.steady_us();
      std::vector<Ended> ended;
      if (is_time) {
        timer_us_.reset();
        ended = core_.tick(now_us);
      }
      act(ended);
      send(now_us, ended);
      set_timer();
      for (Ended& one : ended) {
        auto done = done_.extract(one.number);
        answers.emplace_back(std::move(done.mapped()), std::move(one.result));
      }
    }
    for (auto& [done, result] : answers) done(std::move(result));
  }

  // With the lock held.

  void send(SteadyUs now_us, std::vector<Ended>& ended) {
    if (transport_ == nullptr) return;
    while (const auto outgoing = core_.next(now_us)) {
      const Result<void> sent = transport_->send(outgoing->peer, std::move(outgoing->frame));
      if (auto end = core_.sent(outgoing->peer, sent)) ended.push_back(*std::move(end));
    }
  }

  void set_timer() {
    const auto due_us = core_.next_due();
    if (!set_timer_ || !due_us || (timer_us_ && *timer_us_ <= *due_us)) return;
    timer_us_ = due_us;
    set_timer_(*due_us);
  }

  [[nodiscard]] Result<CallNumber> begin(const std::string& peer, const std::string& service,
                                         const std::string& request,
                                         std::chrono::milliseconds timeout) {
    if (!is_stopped_ && !set_timer_) {
      return Error{ErrorCode::draining, self_ + " has not started"};
    }
    auto begun =
        core_.begin(peer, service, request, to_us(std::clamp(timeout, timeout_min, timeout_max)),
                    clock_.steady_us());
    if (begun || begun.error().code != ErrorCode::unreachable) return begun;
    if (const auto status = transport_->status(peer); !status) return status.error();
    return begun;
  }

  [[nodiscard]] std::shared_ptr<const Service> find(const std::string& service) const {
    const auto found = services_.find(service);
    return found == services_.end() ? nullptr : found->second;
  }

  [[nodiscard]] Error no_service(const std::string& service) const {
    return {ErrorCode::not_found, self_ + " has no service " + service};
  }

  // Without the lock.

  void serve_own(CallNumber number, const std::string& name, std::string request) {
    const auto end = [state = weak_from_this(), number](Result<std::string> result) {
      const auto alive = state.lock();
      if (!alive) return;
      alive->change([&](std::vector<Ended>& ended) {
        if (auto one = alive->core_.end_own(number, std::move(result))) {
          ended.push_back(*std::move(one));
        }
      });
    };
    std::shared_ptr<const Service> service;
    {
      const std::lock_guard lock(mutex_);
      service = find(name);
    }
    if (!service) return end(no_service(name));
    (*service)(self_, std::move(request), answer_by(end));
  }

  const std::string self_;
  const Clock& clock_;
  mutable std::mutex mutex_;         ///< guards all below
  transport::Transport* transport_;  ///< nullptr: it may be gone
  CallCore core_;
  std::map<std::string, std::shared_ptr<const Service>> services_{};
  std::map<CallNumber, Answer> done_{};  ///< of all calls that the core has in flight
  SetTimer set_timer_{};                 ///< empty: before open(), after stop()
  std::optional<SteadyUs> timer_us_{};   ///< what the timer is set to
  bool is_stopped_ = false;
};

PeerCalls::PeerCalls(std::string self, std::uint64_t incarnation, transport::Transport& transport,
                     const Clock& clock, const Limits& limits)
    : state_(std::make_shared<State>(std::move(self), incarnation, transport, clock, limits)) {}

PeerCalls::~PeerCalls() {
  stop();
  state_->leave_transport();
}

void PeerCalls::serve(std::string service, Service handler) {
  state_->serve(std::move(service), std::move(handler));
}

void PeerCalls::call(const std::string& peer, std::string service, std::string request,
                     std::chrono::milliseconds timeout, Answer done) {
  state_->call(peer, service, std::move(request), timeout, std::move(done));
}

std::vector<std::string> PeerCalls::peers_up() const {
  return state_->peers_up();
}

void PeerCalls::open(const MakeTimer& make_timer) {
  state_->open(make_timer);
}

void PeerCalls::stop() {
  state_->stop();
}

Result<void> PeerCalls::take(const std::string& peer, const transport::Frame& frame) {
  return frame.kind == request_frame ? state_->take_request(peer, frame)
                                     : state_->take_answer(peer, frame);
}

void PeerCalls::on_up(const std::string& peer) {
  state_->on_up(peer);
}

void PeerCalls::on_writable(const std::string& peer) {
  state_->on_writable(peer);
}

void PeerCalls::on_down(const std::string& peer, const Error& reason) {
  state_->on_down(peer, reason);
}

const Clock& PeerCalls::clock() const {
  return state_->clock();
}

}  // namespace millrace::calls
