// queue<T>("name"): names a queue and the Protobuf type that it carries.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include <google/protobuf/message_lite.h>

namespace millrace {

/// A generated Protobuf message: the only type of value in queues, key states, histories and timers.
template <class T>
concept Message =
    std::derived_from<T, google::protobuf::MessageLite> && std::default_initializable<T>;

/// What tells the key of a T: a member function such as `&Order::id`, or any callable of `const
/// T&`, whose result is a string or an integer.
template <class Field, class T>
concept KeyField = std::is_invocable_v<const Field&, const T&> &&
    (std::is_integral_v<std::remove_cvref_t<std::invoke_result_t<const Field&, const T&>>> ||
     std::is_constructible_v<std::string, std::invoke_result_t<const Field&, const T&>>);

/// A typed name of a queue, and how to tell a message's key. Cheap to copy; refers to nothing.
template <Message T>
class QueueRef {
 public:
  using Type = T;
  using KeyFunction = std::function<std::string(const T&)>;

  explicit QueueRef(std::string name) : name_(std::move(name)) {}

  /// Messages with one key are handled in order and one at a time. `field` is a member function
  /// such as `&OrderPlaced::order_id`, or any callable of `const T&`; its result is a string or an
  /// integer. Without a key, messages of the queue are handled in parallel.
  template <class Field>
  [[nodiscard]] QueueRef key_by(Field field) const {
    static_assert(KeyField<Field, T>,
                  "millrace: key_by takes a member function such as &Order::id, or a callable of "
                  "the queue's message type, that gives a string or an integer.");
    QueueRef keyed = *this;
    if constexpr (KeyField<Field, T>) {
      keyed.key_ = [field](const T& message) {
        return as_key(std::invoke(field, message));
      };
    }
    return keyed;
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool has_key() const { return static_cast<bool>(key_); }

  /// The key of `message`; empty where the queue has none.
  [[nodiscard]] std::string key_of(const T& message) const {
    return key_ ? key_(message) : std::string();
  }

 private:
  template <class Value>
  static std::string as_key(Value&& value) {
    if constexpr (std::is_integral_v<std::remove_cvref_t<Value>>) {
      return std::to_string(value);
    } else {
      return std::string(std::forward<Value>(value));
    }
  }

  std::string name_;
  KeyFunction key_;
};

/// A QueueRef that nobody gave a key yet, so that a stage which needs one fails to compile. Its
/// key_by() gives a plain QueueRef. It converts to one as well: then the check is done at start.
template <Message T>
class KeylessQueueRef : public QueueRef<T> {
 public:
  using QueueRef<T>::QueueRef;
};

/// Names a queue of `T`. Names are dotted lower case, 1 to 100 characters of [a-z0-9._-].
///
/// A queue that several pipelines and senders use is best named once, with its key:
///
///     inline const auto placed =
///     queue<OrderPlaced>("orders.placed").key_by(&OrderPlaced::order_id);
template <Message T>
[[nodiscard]] KeylessQueueRef<T> queue(std::string name) {
  return KeylessQueueRef<T>(std::move(name));
}

}  // namespace millrace
