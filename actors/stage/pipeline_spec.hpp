// PipelineSpec: a wired pipeline as data, which a node or a test brings to life.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/message_lite.h>

#include "actors/stage/stage.hpp"
#include "actors/stage/stage_options.hpp"

namespace millrace {

/// The key of a message; it is of the type of the queue that the function belongs to.
using KeyOf = std::function<std::string(const google::protobuf::MessageLite&)>;

/// A queue by name, the full name of the Protobuf type that it carries, and its key.
struct QueueSpec {
  std::string name;
  std::string type;
  KeyOf key_of{};  ///< unset: none here; outputs to the queue keep the key of their input then

  /// Functions cannot be compared, so a key does not count.
  friend bool operator==(const QueueSpec& a, const QueueSpec& b) {
    return a.name == b.name && a.type == b.type;
  }
};

/// One stage: where its input comes from, what handles it, where its outputs go.
struct StageSpec {
  std::string name;
  QueueSpec source;
  std::vector<QueueSpec> targets{};
  StageOptions options{};
  bool is_batch = false;     ///< gathers up to options.batch.max messages of different keys
  bool is_keyed = false;     ///< messages of `source` have a key: their own or an inherited one
  bool keeps_state = false;  ///< the handler takes Keyed<State>, so that every message needs a key
  std::function<std::unique_ptr<Stage>()> make{};  ///< a fresh handler for one worker; any thread
};

/// A pipeline as `pipeline("name")…to(…)` makes it. Check it with validate() before it runs.
struct PipelineSpec {
  std::string name;
  std::vector<StageSpec> stages{};
};

}  // namespace millrace
