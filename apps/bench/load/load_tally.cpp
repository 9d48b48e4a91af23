#include "apps/bench/load/load_tally.hpp"

#include <algorithm>
#include <string>

#include "apps/bench/load/load_messages.hpp"

namespace millrace::bench {
namespace {

void count(LoadFigures& figures, const Error& error, std::uint64_t number) {
  LoadError& known = figures.errors[std::string(to_string(error.code))];
  known.count += number;
  if (known.text.empty()) known.text = error.message;
}

}  // namespace

void LoadTally::answered(std::size_t messages, std::size_t payload_bytes, DurationUs latency_us) {
  const std::lock_guard lock(mutex_);
  ++figures_.requests;
  figures_.messages += messages;
  figures_.bytes += payload_bytes;
  if (messages == 0) return;
  figures_.latency.record(latency_us);
  moved_at_ = std::chrono::steady_clock::now();
}

void LoadTally::retried(const Error& error) {
  const std::lock_guard lock(mutex_);
  ++figures_.retried;
  count(figures_, error, 1);
}

void LoadTally::refused(std::size_t messages, const Error& error) {
  const std::lock_guard lock(mutex_);
  figures_.refused += messages;
  count(figures_, error, messages);
}

void LoadTally::received(std::string_view payload, TimeUs now_us) {
  const auto mark = mark_of(payload);
  if (!mark) return;
  const bool is_repeated = seen_.insert(mark->run, mark->number);
  const std::lock_guard lock(mutex_);
  if (is_repeated) ++figures_.repeated;
  figures_.age.record(std::max<DurationUs>(now_us - mark->sent_us, 0));
}

std::chrono::steady_clock::time_point LoadTally::add_to(LoadFigures& sum) const {
  const std::lock_guard lock(mutex_);
  sum.messages += figures_.messages;
  sum.bytes += figures_.bytes;
  sum.requests += figures_.requests;
  sum.retried += figures_.retried;
  sum.refused += figures_.refused;
  sum.repeated += figures_.repeated;
  sum.latency.merge(figures_.latency);
  sum.age.merge(figures_.age);
  for (const auto& [code, error] : figures_.errors) {
    LoadError& known = sum.errors[code];
    known.count += error.count;
    if (known.text.empty()) known.text = error.text;
  }
  return moved_at_;
}

}  // namespace millrace::bench
