// Codec<T>: how a type of the program travels in queues. Without one, messages are generated Protobuf types.
//
//     struct Order { std::string id; std::int64_t cents; };
//
//     template <>
//     struct millrace::Codec<Order> {
//       using Wire = millrace::Json;                     // or Bytes, or a Protobuf type of the program
//       static Wire encode(const Order& order);
//       static Order decode(const Wire& wire);           // throws where `wire` is no order
//     };
//
//     pipeline("orders").from(queue<Order>("orders.placed").key_by(&Order::id)) ...
//
// What is in the queue, and what others see of it (HTTP, workers, Kafka, other programs), is Wire.
#pragma once

#include <concepts>
#include <exception>
#include <string>
#include <string_view>

#include <google/protobuf/message_lite.h>

namespace millrace {

/// Specialise it for T before the first use of T in a queue, a state, a history or a timer:
///
///   Wire    a generated Protobuf message, whose type the queue has
///   encode  called for each message that is sent; what it throws leaves Sender::send() and Routed::to(), and in
///           the result of a handler it is a failure of the handling
///   decode  called for each message that is handled, and where a queue takes its key from a T that was
///           returned. What it throws says why the message is none: it becomes a dead letter, as no retry can
///           mend it; a state makes the handling fail
///
/// Both are called by several threads at once, and must give equal results for equal arguments.
template <class T>
struct Codec;

/// A generated Protobuf message.
template <class T>
concept ProtobufMessage =
    std::derived_from<T, google::protobuf::MessageLite> && std::default_initializable<T>;

/// A type that has a Codec.
template <class T>
concept CodedMessage = !ProtobufMessage<T> && std::default_initializable<T> && std::copyable<T> &&
                       requires(const T& value, const typename Codec<T>::Wire& on_wire) {
  requires ProtobufMessage<typename Codec<T>::Wire>;
  { Codec<T>::encode(value) } -> std::convertible_to<typename Codec<T>::Wire>;
  { Codec<T>::decode(on_wire) } -> std::convertible_to<T>;
};

/// The types of values in queues, key states, histories and timers.
template <class T>
concept Message = ProtobufMessage<T> || CodedMessage<T>;

namespace wire {

template <class T>
struct TypeOf {
  using Type = T;
};
template <CodedMessage T>
struct TypeOf<T> {
  using Type = typename Codec<T>::Wire;
};
/// What travels of a T.
template <Message T>
using Type = typename TypeOf<T>::Type;

template <Message T>
[[nodiscard]] const google::protobuf::MessageLite& prototype() {
  return Type<T>::default_instance();
}

/// Full name of the type of a queue of T.
template <Message T>
[[nodiscard]] std::string type_name() {
  return std::string(prototype<T>().GetTypeName());
}

/// Returns `value` itself, if it is what travels.
template <ProtobufMessage T>
[[nodiscard]] const T& encode(const T& value) {
  return value;
}
template <CodedMessage T>
[[nodiscard]] Type<T> encode(const T& value) {
  return Codec<T>::encode(value);
}

template <Message T>
[[nodiscard]] std::string serialize(const T& value) {
  return encode(value).SerializePartialAsString();
}

/// Reads `bytes` into `value`, whose memory is used again where it can be. Returns whether they are a T; if not, `why`
/// says so, and `value` is unspecified.
template <Message T>
[[nodiscard]] bool parse(std::string_view bytes, T& value, std::string& why) {
  const auto fits = [&](google::protobuf::MessageLite& message) {
    const bool is_read = message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    if (!is_read) why = "not a " + std::string(message.GetTypeName());
    return is_read;
  };
  if constexpr (ProtobufMessage<T>) {
    return fits(value);
  } else {
    Type<T> message;
    if (!fits(message)) return false;
    try {
      value = Codec<T>::decode(message);
      return true;
    } catch (const std::exception& error) {
      why = std::string("not what its codec reads: ") + error.what();
    } catch (...) {
      why = "not what its codec reads, which threw something that is not a std::exception";
    }
    return false;
  }
}

/// Makes `value` the default one.
template <Message T>
void clear(T& value) {
  if constexpr (ProtobufMessage<T>) {
    value.Clear();
  } else {
    value = T();
  }
}

}  // namespace wire
}  // namespace millrace
