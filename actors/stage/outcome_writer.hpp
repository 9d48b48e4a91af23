// OutcomeWriter: turns what a handler returned into a StageResult.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <google/protobuf/message_lite.h>

#include "actors/stage/outcome.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/queue_ref.hpp"
#include "actors/stage/routed.hpp"
#include "actors/stage/stage.hpp"

namespace millrace::pipelines {

/// Makes `result` a failed or rejected one, without any effect.
void set_failed(StageResult& result, std::string reason);
void set_rejected(StageResult& result, std::string reason);

/// Writes the outcome of one message: acked with its outputs serialized, retry, rejected, or, where
/// the outcome is not usable, failed. Knows the queues that the stage declared. Key functions of
/// the user may throw, and so may these; the result is to be overwritten then.
class OutcomeWriter {
 public:
  explicit OutcomeWriter(std::vector<StageTarget> targets) : targets_(std::move(targets)) {}

  static void write_done(StageResult& result) { result.kind = StageResult::Kind::acked; }

  template <Message Out>
  void write(const Out& output, StageResult& result) const {
    if (add(output, result)) write_done(result);
  }

  template <Message Out>
  void write(const std::optional<Out>& output, StageResult& result) const {
    if (!output || add(*output, result)) write_done(result);
  }

  template <Message Out>
  void write(const std::vector<Out>& outputs, StageResult& result) const {
    result.outputs.reserve(outputs.size() * targets_.size());
    for (const Out& output : outputs) {
      if (!add(output, result)) return;
    }
    write_done(result);
  }

  void write(Routed& routed, StageResult& result) const;
  void write(std::vector<Routed>& routed, StageResult& result) const;

  template <class Out>
  void write(Outcome<Out>& outcome, StageResult& result) const {
    if (const Retry* retry = outcome.retry()) {
      write_retry(*retry, result);
    } else if (const Reject* reject = outcome.reject()) {
      set_rejected(result, reject->reason);
    } else if constexpr (std::is_void_v<Out>) {
      write_done(result);
    } else {
      write(*outcome.outputs(), result);
    }
  }

 private:
  /// Appends a copy for each target; false: `result` is failed.
  bool add(const google::protobuf::MessageLite& output, StageResult& result) const;
  bool add(Routed::Item& item, StageResult& result) const;
  static void write_retry(const Retry& retry, StageResult& result);

  std::vector<StageTarget> targets_;
};

}  // namespace millrace::pipelines
