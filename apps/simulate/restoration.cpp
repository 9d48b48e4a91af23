#include "apps/simulate/restoration.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include <sysexits.h>

namespace millrace::simulate {
namespace {

/// Orders that the node itself finishes between its first links after the copy and the kill, so that the
/// other nodes remember more than the copy contains: most orders visit several nodes. Of what a node
/// confirms before it is linked to others, nobody else knows.
constexpr std::uint64_t finished_min = 20;
constexpr DurationUs refusal_max_us = 60'000'000;

std::uintmax_t bytes_of(const std::filesystem::path& file) {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(file, error);
  return error ? 0 : bytes;
}

/// The part of a log file from `begin` on.
std::string text_from(const std::filesystem::path& file, std::uintmax_t begin) {
  std::ifstream in(file, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(begin));
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

Restoration::Restoration(std::uint32_t node, DurationUs goes_on_us, Fleet& fleet,
                         const WitnessHead& head)
    : node_(node),
      goes_on_us_(goes_on_us),
      fleet_(&fleet),
      head_(&head),
      copy_(fleet.files(node).data_dir) {
  if (!fleet.is_stop_requested(node)) fleet.terminate(node);
}

bool Restoration::take_end(const ProcessEnd& end) {
  is_refused_ = phase_ == Phase::refusing && end.signal == 0 && end.exit_status == EX_CONFIG;
  return is_refused_;
}

Result<bool> Restoration::step(SteadyUs now_us) {
  switch (phase_) {
    case Phase::stopping:
      if (fleet_->is_running(node_)) return false;
      if (auto taken = copy_.take(); !taken) return taken.error();
      phase_ = Phase::going_on;
      until_us_ = now_us + goes_on_us_;
      return start();
    case Phase::going_on:
      return go_on(now_us);
    case Phase::refusing:
      return await_refusal(now_us);
  }
  return false;
}

Result<bool> Restoration::go_on(SteadyUs now_us) {
  if (!fleet_->serves(node_)) return false;
  const std::uint64_t finished = head_->node[node_].finished;
  const bool is_finished = head_->finished() >= head_->orders;
  if (!finished_before_ && is_linked()) {
    finished_before_ = finished;
    until_us_ = now_us + goes_on_us_;
  }
  const bool is_known = finished_before_ && finished >= *finished_before_ + finished_min;
  if (now_us < until_us_ || (!is_known && !is_finished)) return false;
  fleet_->kill(node_);
  if (fleet_->size() > 1 && is_known) return put_back(now_us);
  if (auto readable = copy_.check(); !readable) return readable.error();
  if (auto removed = copy_.remove(); !removed) return removed.error();
  note_ = fleet_->size() == 1 ? "the copy was read, not started: no other node can tell its age"
                              : "the copy was read, not started: no work was left after it";
  return true;
}

Result<bool> Restoration::put_back(SteadyUs now_us) {
  if (auto put = copy_.put_back(); !put) return put.error();
  phase_ = Phase::refusing;
  until_us_ = now_us + refusal_max_us;
  return start();
}

Result<bool> Restoration::start() {
  log_bytes_ = bytes_of(fleet_->files(node_).log);
  if (auto started = fleet_->start(node_); !started) return started.error();
  return false;
}

bool Restoration::is_linked() const {
  const std::string log = text_from(fleet_->files(node_).log, log_bytes_);
  for (std::uint32_t other = 0; other < fleet_->size(); ++other) {
    if (other != node_ &&
        log.find("link to '" + node_name(other) + "' is up") == std::string::npos) {
      return false;
    }
  }
  return true;
}

Result<bool> Restoration::await_refusal(SteadyUs now_us) {
  const std::string name = node_name(node_);
  if (!is_refused_) {
    if (now_us < until_us_) return false;
    return Error{ErrorCode::outdated,
                 name + " was started with an older copy of its data directory, and still runs"};
  }
  if (text_from(fleet_->files(node_).log, log_bytes_).find("--accept-loss") == std::string::npos) {
    return Error{ErrorCode::outdated,
                 name + " ended with status 78, but its log does not name --accept-loss"};
  }
  if (auto undone = copy_.undo(); !undone) return undone.error();
  note_ = "the copy was refused with status 78; the newest directory was put back";
  return true;
}

}  // namespace millrace::simulate
