#include "actors/postgres_log/seat_watch.hpp"

#include <algorithm>
#include <utility>

#include "actors/postgres_log/seats.hpp"

namespace millrace::postgres_log {
namespace {

// The lease and the holder are of no interest: where a seat is reached changes with its epoch.
bool is_same(const Seat& a, const Seat& b) {
  return a.name == b.name && a.epoch == b.epoch && a.address == b.address && a.http == b.http;
}

}  // namespace

Result<std::unique_ptr<SeatWatch>> SeatWatch::start(const Options& options, Own own,
                                                    OnSeats on_seats) {
  auto dsn = Dsn::parse(options.dsn);
  if (!dsn) return dsn.error();
  std::unique_ptr<SeatWatch> watch(
      new SeatWatch(*std::move(dsn), options, std::move(own), std::move(on_seats)));
  watch->thread_ = std::thread([watch = watch.get()] { watch->run(); });
  return watch;
}

SeatWatch::SeatWatch(Dsn dsn, const Options& options, Own own, OnSeats on_seats)
    : options_(options),
      own_(std::move(own)),
      on_seats_(std::move(on_seats)),
      connector_(std::move(dsn), options.allow_unreplicated, options.connect_timeout,
                 options.patience),
      hurried_until_(Clock::now() + hurry_span) {}

void SeatWatch::hurry() {
  {
    const std::lock_guard lock(mutex_);
    hurried_until_ = Clock::now() + hurry_span;
    is_hurried_ = true;
  }
  changed_.notify_all();
}

void SeatWatch::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  interrupt_.raise();
  if (thread_.joinable()) thread_.join();
}

void SeatWatch::run() {
  auto retry = options_.retry_min;
  for (;;) {
    const bool is_done = look().has_value();
    retry = is_done ? options_.retry_min : std::min(retry * 2, options_.retry_max);
    std::unique_lock lock(mutex_);
    const auto wait = !is_done                        ? retry
                      : Clock::now() < hurried_until_ ? hurried_interval
                                                      : interval;
    // Hurried looks have an interval too: many links may end at once.
    const auto earliest = Clock::now() + std::min(wait, hurried_interval);
    changed_.wait_until(lock, earliest, [this] { return is_stopping_; });
    changed_.wait_for(lock, wait - std::min(wait, hurried_interval),
                      [this] { return is_stopping_ || is_hurried_; });
    is_hurried_ = false;
    if (is_stopping_) return;
  }
}

Result<void> SeatWatch::look() {
  if (session_ == nullptr || !session_->is_usable()) {
    session_.reset();
    auto session = connector_.connect(interrupt_);
    if (!session) return session.error();
    session_ = *std::move(session);
  }
  const auto seats = list_seats(*session_, options_.schema);
  if (!seats) {
    session_.reset();
    return seats.error();
  }
  const auto kept = keep_addresses(*seats);
  if (!std::equal(seats->begin(), seats->end(), told_.begin(), told_.end(), is_same)) {
    told_ = *seats;
    on_seats_(told_);
  }
  return kept;
}

// Written anew also if a failover of the database has lost it: nobody waits for the standby here.
Result<void> SeatWatch::keep_addresses(const std::vector<Seat>& seats) {
  for (const Seat& seat : seats) {
    if (seat.name != options_.node || seat.epoch != own_.epoch) continue;
    if (seat.address == own_.address && seat.http == own_.http) return {};
    return set_addresses(*session_, options_.schema, options_.node, own_.epoch, own_.address,
                         own_.http);
  }
  return {};
}

}  // namespace millrace::postgres_log
