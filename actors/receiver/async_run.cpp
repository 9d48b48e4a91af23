#include "actors/receiver/async_run.hpp"

#include <utility>

#include "actors/receiver/stage_run.hpp"
#include "actors/stage/handler_stage.hpp"
#include "actors/stage/outcome_limits.hpp"

namespace millrace::receivers {

AsyncRun::AsyncRun(std::shared_ptr<HeldLease> lease, const std::string& stage_name, Now began)
    : lease_(std::move(lease)), began_(began) {
  fill_run(run_, lease_->grant(), stage_name, began, lease_->lease_until_us(), lease_.get());
  pipelines::reset_results(run_);
}

AsyncRun::~AsyncRun() {
  if (call_) call_->end();
}

const StageInput* AsyncRun::next() const {
  if (is_over_ || next_ == run_.inputs.size()) return nullptr;
  const StageInput& input = run_.inputs[next_];
  if (next_ > 0 && (bytes_ > run_bytes || !input.context.has_time())) return nullptr;
  return &input;
}

bool AsyncRun::begin(AsyncStage& stage, std::function<void()> ready) {
  StageResult& result = run_.results[next_];
  call_ = stage.begin(run_.inputs[next_], result);
  if (!call_) {
    add_result(result);
    return false;
  }
  call_->start(lease_, std::move(ready));
  return true;
}

void AsyncRun::finish() {
  StageResult& result = run_.results[next_];
  call_->finish(run_.inputs[next_], result);
  call_->end();
  call_.reset();
  add_result(result);
}

void AsyncRun::add_result(const StageResult& result) {
  using Kind = StageResult::Kind;
  bytes_ += pipelines::run_bytes_of(run_.inputs[next_], result);
  ++next_;
  if (result.kind != Kind::acked && result.kind != Kind::rejected) is_over_ = true;
}

}  // namespace millrace::receivers
