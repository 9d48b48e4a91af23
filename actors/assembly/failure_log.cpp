#include "actors/assembly/failure_log.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include <spdlog/spdlog.h>

namespace millrace {
namespace {

// Keys and reasons come from outside: they must not write to a terminal what they like.
std::string printable(std::string_view raw, std::size_t length_max) {
  std::string text(raw.substr(0, length_max));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
  return text + (raw.size() > length_max ? "..." : "");
}

const char* verb_of(StageFailure::Kind kind) {
  switch (kind) {
    case StageFailure::Kind::retried:
      return "is retried";
    case StageFailure::Kind::rejected:
      return "is rejected";
    default:
      return "has failed";
  }
}

}  // namespace

std::optional<std::uint64_t> FailureLines::note(std::string_view stage, SteadyUs now_us) {
  const auto found = stages_.find(stage);
  Stage& noted = found != stages_.end() ? found->second : stages_[std::string(stage)];
  if (now_us < noted.next_us) {
    ++noted.left_out;
    return std::nullopt;
  }
  noted.next_us = time_after(now_us, pause_us);
  return std::exchange(noted.left_out, 0);
}

void FailureLog::note(const StageFailure& failure, SteadyUs now_us) {
  std::string stage(failure.pipeline);
  stage += '.';
  stage += failure.stage;
  std::optional<std::uint64_t> left_out;
  {
    const std::lock_guard lock(mutex_);
    left_out = lines_.note(stage, now_us);
  }
  if (!left_out) return;
  constexpr std::size_t key_max = 100;
  constexpr std::size_t reason_max = 500;
  const std::string key =
      failure.key.empty() ? "without key" : "key " + printable(failure.key, key_max);
  spdlog::warn(
      "stage {}: message {:016x}{:016x} {} {}, after {} failures: {}{}", stage, failure.id.high,
      failure.id.low, key, verb_of(failure.kind), failure.failed,
      printable(failure.reason, reason_max),
      *left_out == 0 ? "" : "; " + std::to_string(*left_out) + " more since the last line");
}

OnStageFailure log_failures(const Clock& clock, OnStageFailure then) {
  return [log = std::make_shared<FailureLog>(), &clock,
          then = std::move(then)](const StageFailure& failure) {
    log->note(failure, clock.steady_us());
    if (!then) return;
    try {
      then(failure);
    } catch (const std::exception& error) {
      spdlog::error("RuntimeOptions::on_failure threw: {}", error.what());
    } catch (...) {
      spdlog::error("RuntimeOptions::on_failure threw something that is not a std::exception");
    }
  };
}

}  // namespace millrace
