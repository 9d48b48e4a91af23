// Messages that are words, for tests of handlers.
#pragma once

#include <string>
#include <utility>

#include <google/protobuf/wrappers.pb.h>

#include "actors/stage/queue_ref.hpp"

namespace millrace::test {

[[nodiscard]] inline google::protobuf::StringValue text(std::string value) {
  google::protobuf::StringValue message;
  message.set_value(std::move(value));
  return message;
}

/// A queue whose key is the word.
[[nodiscard]] inline const QueueRef<google::protobuf::StringValue>& words() {
  static const auto ref =
      queue<google::protobuf::StringValue>("test.words").key_by([](const auto& word) {
        return word.value();
      });
  return ref;
}

}  // namespace millrace::test
