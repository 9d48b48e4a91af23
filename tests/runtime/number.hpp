// A message with one number and a key, for tests of pipelines.
#pragma once

#include <cstdint>

#include <google/protobuf/wrappers.pb.h>

namespace millrace {

[[nodiscard]] inline google::protobuf::Int64Value number(std::int64_t value) {
  google::protobuf::Int64Value message;
  message.set_value(value);
  return message;
}

}  // namespace millrace
