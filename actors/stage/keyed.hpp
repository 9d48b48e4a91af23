// Keyed<T, Input>: the durable state of the key of the message that a handler works on.
//
//     void operator()(const OrderPlaced& order, Keyed<Stock, OrderPlaced>& stock) {
//       stock.change().set_left(stock->left() - order.count());  // stored with the ack
//       stock.record(order);                                     // into the key's history
//       stock.set_timer("recount", 24h, order);                  // this stage sees `order` again
//     }
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "actors/stage/queue_ref.hpp"

namespace millrace {

/// The changes that a handler made to its key, serialized.
struct KeyedChanges {
  struct Timer {
    std::string name;
    std::chrono::microseconds after{};
    std::string payload;
    const std::type_info* type = nullptr;  ///< of the message; nullptr: not checked
  };

  bool dirty = false;   ///< `value` replaces the state; not with `erased`
  bool erased = false;  ///< the state is removed
  std::string value{};
  std::vector<std::string> history{};
  std::vector<Timer> timers_set{};
  std::vector<std::string> timers_cleared{};
};

template <Message T, class Input>
class KeyedRun;
template <Message T, class Input = void>
class Keyed;

/// The state of one key of one stage: a value of type T, a history (messages that are only ever
/// appended), and named timers.
///
/// No other handling of the key runs at the same time. Changes become durable in one record with
/// the ack and the outputs of the message; if the message is not acked, they are discarded. Limits:
/// 4 MiB for the value, 8.5 MiB for a message's outputs, history and timers together, with the keys
/// that they inherit; beyond, the message has failed. Valid until the handler returns; for the
/// handler's thread only.
template <Message T>
class Keyed<T, void> {
 public:
  /// `stored` is the serialized state, or nullopt for a key that has none.
  Keyed(std::string_view key, std::optional<std::string_view> stored) : key_(key) {
    if (stored) {
      exists_ = wire::parse(*stored, value_, unreadable_);
      damaged_ = !exists_;
    }
  }

  [[nodiscard]] std::string_view key() const { return key_; }

  /// Returns whether the key has a value: false before the first change() and after erase().
  [[nodiscard]] bool exists() const { return exists_; }

  /// Returns whether the stored bytes are not a T. The runtime then fails the message without
  /// calling the handler, so a handler always sees false.
  [[nodiscard]] bool is_damaged() const { return damaged_; }

  /// The value; a default T if the key has none.
  [[nodiscard]] const T& value() const { return value_; }
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }

  /// Returns the value for writing. exists() is true from here on, and the value is stored with the
  /// ack even if it is not changed. May be called repeatedly.
  T& change() {
    remember();
    dirty_ = exists_ = true;
    erased_ = false;
    return value_;
  }

  /// Removes the value; not the history and not the timers. A later change() starts from a default
  /// T.
  void erase() {
    remember();
    wire::clear(value_);
    exists_ = dirty_ = false;
    erased_ = true;
  }

  /// Appends `entry` to the history of the key. The entry does not store its type.
  template <Message Entry>
  void record(const Entry& entry) {
    changes_.history.push_back(wire::serialize(entry));
  }

  /// Appends `message` to the stage's own queue, under this key, once `after` has passed since the
  /// handling ended: 0 or more, else the message fails; what is too long to add never passes.
  /// `message` must have the type that the stage takes, else the message fails; with Keyed<T, Input>
  /// another type does not compile. Replaces the key's timer of the same name, and survives restarts.
  template <Message Timer>
  void set_timer(std::string name, std::chrono::microseconds after, const Timer& message) {
    forget_timer(name);
    changes_.timers_set.push_back(
        {std::move(name), after, wire::serialize(message), &typeid(message)});
  }

  /// Removes the key's timer `name`; does nothing if it is not set. A message that the timer has
  /// already appended stays in the queue.
  void clear_timer(std::string name) {
    forget_timer(name);
    changes_.timers_cleared.push_back(std::move(name));
  }

  /// For the runtime: moves the changes out.
  [[nodiscard]] KeyedChanges take_changes() {
    KeyedChanges out = std::exchange(changes_, {});
    out.dirty = dirty_;
    out.erased = erased_;
    if (dirty_) out.value = wire::serialize(value_);
    dirty_ = erased_ = false;
    return out;
  }

 private:
  template <Message State, class Input>
  friend class KeyedRun;

  /// The state before the current message. `value` is copied only if an earlier message of the run
  /// has changed it; otherwise KeyedRun parses the stored bytes again.
  struct Undo {
    bool armed = false;    ///< a KeyedRun is in charge: changes must be undoable
    bool touched = false;  ///< the fields below hold the state before the current message
    bool exists = false;
    bool dirty = false;
    bool erased = false;
    T value{};
  };

  void remember() {
    if (!undo_.armed || undo_.touched) return;
    undo_.touched = true;
    undo_.exists = exists_;
    undo_.dirty = dirty_;
    undo_.erased = erased_;
    if (dirty_) undo_.value = value_;
  }

  /// The last call for a timer wins. Needed because the order between timers_set and timers_cleared
  /// is not kept.
  void forget_timer(std::string_view name) {
    std::erase_if(changes_.timers_set, [&](const auto& timer) { return timer.name == name; });
    std::erase(changes_.timers_cleared, name);
  }

  std::string key_;
  T value_{};
  std::string unreadable_{};  ///< why the stored bytes are no T
  bool exists_ = false;
  bool damaged_ = false;
  bool dirty_ = false;
  bool erased_ = false;
  KeyedChanges changes_;
  Undo undo_;
};

/// The same in a stage that takes messages of type Input: a timer of another type does not compile.
/// A Keyed<T, Input>& is a Keyed<T>& too, for functions that set no timer.
template <Message T, class Input>
class Keyed : public Keyed<T, void> {
  using Base = Keyed<T, void>;

 public:
  using Base::Base;

  /// As that of Keyed<T>.
  template <class Timer>
  void set_timer(std::string name, std::chrono::microseconds after, const Timer& message) {
    static_assert(std::is_same_v<Timer, Input>,
                  "millrace: a timer takes a message of the type that its stage takes.");
    Base::set_timer(std::move(name), after, message);
  }
};

}  // namespace millrace
