// OutcomeWriter: turns the return value of a handler into a StageResult.
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

/// Replace `result` by a failed or rejected one without outputs and changes.
void set_failed(StageResult& result, std::string reason);
void set_rejected(StageResult& result, std::string reason);

/// Writes the result of one message: acked with serialized outputs, retry or rejected; failed if an
/// output cannot be serialized, or names a queue, type or option that the stage does not declare.
/// write() throws what a user's key function throws; `result` is then unspecified.
class OutcomeWriter {
 public:
  /// `targets`: the queues that the stage declares, in the order of StageSpec::targets.
  explicit OutcomeWriter(std::vector<StageTarget> targets) : targets_(std::move(targets)) {}

  static void write_done(StageResult& result) { result.kind = StageResult::Kind::acked; }

  template <Message Out>
  void write(const Out& output, StageResult& result) const {
    if (add(wire::encode(output), result)) write_done(result);
  }

  template <Message Out>
  void write(const std::optional<Out>& output, StageResult& result) const {
    if (!output || add(wire::encode(*output), result)) write_done(result);
  }

  template <Message Out>
  void write(const std::vector<Out>& outputs, StageResult& result) const {
    result.outputs.reserve(outputs.size() * targets_.size());
    for (const Out& output : outputs) {
      if (!add(wire::encode(output), result)) return;
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
  /// Appends `output` for each target. Returns false if `result` has become a failure.
  bool add(const google::protobuf::MessageLite& output, StageResult& result) const;
  bool add(Routed::Item& item, StageResult& result) const;
  static void write_retry(const Retry& retry, StageResult& result);

  std::vector<StageTarget> targets_;
};

}  // namespace millrace::pipelines
