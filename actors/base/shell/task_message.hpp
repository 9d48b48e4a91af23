// TaskMessage: a function for an actor's thread.
#pragma once

#include <functional>
#include <memory>

namespace millrace {

/// The actor runs it when it comes up. Local to the node: see messages/caf_types.hpp.
struct TaskMessage {
  std::shared_ptr<std::function<void()>> run;
};

}  // namespace millrace
