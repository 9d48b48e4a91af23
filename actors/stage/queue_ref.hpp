// queue<T>("name"): names a queue, the type that it carries, and the key of its messages.
//
// Name a queue once, with its key, where senders and pipelines include it:
//
//     inline const auto placed =
//         queue<OrderPlaced>("orders.placed").key_by(&OrderPlaced::order_id);
//
//     sender.send(placed, order);                    // under the key order.order_id()
//     pipeline("orders").from(placed).then<Reserve>("reserve") ...
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "actors/stage/codec.hpp"

namespace millrace {

/// A key as a function returns it: an integer, or what converts to std::string.
template <class K>
concept KeyResult =
    std::is_integral_v<std::remove_cvref_t<K>> || std::is_constructible_v<std::string, K>;

/// A function that returns the key of a T: a member function, for example `&Order::id`, or another
/// callable of `const T&`.
template <class Field, class T>
concept KeyField = requires(const Field& field, const T& message) {
  { std::invoke(field, message) } -> KeyResult;
};

/// The name of a queue of T, and the function that returns a message's key, if any. A value: it
/// refers to no queue that exists, and may be copied and used from any thread.
template <Message T>
class QueueRef {
 public:
  using Type = T;
  using KeyFunction = std::function<std::string(const T&)>;

  explicit QueueRef(std::string name) : name_(std::move(name)) {}

  /// Returns a copy with this key. Messages of one key are handled in order, one at a time; an
  /// integer is written in decimal. An empty key is no key: messages without key have no order and
  /// are handled in parallel.
  ///
  /// `field` is copied, is called by several threads at once, and must return the same key for
  /// equal messages. If it throws: the exception leaves Sender::send and Routed::to; for a
  /// handler's output the handling has failed.
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

  /// Returns the key of `message`; empty if the queue has no key. Throws what the key function
  /// throws.
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

/// A QueueRef without key. A stage with Keyed<S> that reads it does not compile. key_by() returns a
/// QueueRef; converted to a QueueRef without key_by(), the same error is found by validate().
template <Message T>
class KeylessQueueRef : public QueueRef<T> {
 public:
  using QueueRef<T>::QueueRef;
};

/// Returns the queue of T with this name. `name`: 1 to 100 characters of [a-z0-9._-]; validate()
/// checks it when the pipeline that uses it starts.
template <Message T>
[[nodiscard]] KeylessQueueRef<T> queue(std::string name) {
  return KeylessQueueRef<T>(std::move(name));
}

}  // namespace millrace
