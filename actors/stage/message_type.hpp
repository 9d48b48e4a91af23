// What can travel through a queue.
#pragma once

#include <concepts>

#include <google/protobuf/message_lite.h>

namespace millrace {

/// A generated Protobuf message: the only kind of value that queues, keyed state and histories
/// hold.
template <class T>
concept Message =
    std::derived_from<T, google::protobuf::MessageLite> && std::default_initializable<T>;

}  // namespace millrace
