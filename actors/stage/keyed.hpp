// Keyed<T>: durable state of the key that a handler is working on.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/stage/queue_ref.hpp"

namespace millrace {

/// What a handler did to the state of its key: untyped, as it goes into the log.
struct KeyedChanges {
  struct Timer {
    std::string name;
    std::chrono::microseconds after{};
    std::string payload;
  };

  bool dirty = false;   ///< `value` replaces the state
  bool erased = false;  ///< the state is gone
  std::string value{};
  std::vector<std::string> history{};
  std::vector<Timer> timers_set{};
  std::vector<std::string> timers_cleared{};
};

template <Message T>
class KeyedRun;

/// The state of one key, read with the lease and written with the outcome: exclusive while the
/// handler runs, durable together with its outputs and the acknowledgement, or not at all. Beside
/// the value a key has a history, an append-only list of Protobuf messages, and named timers that
/// put a message into the stage's own queue when due.
template <Message T>
class Keyed {
 public:
  /// `stored` is the serialized state, or nullopt for a key that has none.
  Keyed(std::string_view key, std::optional<std::string_view> stored) : key_(key) {
    if (stored) {
      exists_ = value_.ParseFromArray(stored->data(), static_cast<int>(stored->size()));
      damaged_ = !exists_;
    }
  }

  [[nodiscard]] std::string_view key() const { return key_; }

  /// Whether the key has a state; false on first sight and after erase().
  [[nodiscard]] bool exists() const { return exists_; }

  /// Whether stored bytes are not of type T; the runtime fails the handler then.
  [[nodiscard]] bool is_damaged() const { return damaged_; }

  [[nodiscard]] const T& value() const { return value_; }
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }

  /// Write access; the state exists from here on and is stored with the outcome.
  T& change() {
    remember();
    dirty_ = exists_ = true;
    erased_ = false;
    return value_;
  }

  /// Removes the value. The history stays.
  void erase() {
    remember();
    value_.Clear();
    exists_ = dirty_ = false;
    erased_ = true;
  }

  /// Appends `entry` to the history of the key.
  void record(const google::protobuf::MessageLite& entry) {
    changes_.history.push_back(entry.SerializeAsString());
  }

  /// `after` from now, `message`, of the type of the stage's own queue, is appended
  /// to that queue under this key. A timer of the same name is replaced.
  void set_timer(std::string name, std::chrono::microseconds after,
                 const google::protobuf::MessageLite& message) {
    forget_timer(name);
    changes_.timers_set.push_back({std::move(name), after, message.SerializeAsString()});
  }

  /// Forgets a timer; one that is not set is no error.
  void clear_timer(std::string name) {
    forget_timer(name);
    changes_.timers_cleared.push_back(std::move(name));
  }

  /// For the runtime: takes what the handler did.
  [[nodiscard]] KeyedChanges take_changes() {
    KeyedChanges out = std::exchange(changes_, {});
    out.dirty = dirty_;
    out.erased = erased_;
    if (dirty_) out.value = value_.SerializeAsString();
    dirty_ = erased_ = false;
    return out;
  }

 private:
  friend class KeyedRun<T>;

  /// What undoes the changes of one message. Only a value that an earlier message of the same run
  /// changed has to be copied: any other can be had again from the stored bytes.
  struct Undo {
    bool armed = false;
    bool touched = false;
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

  /// The last word on a timer counts: its setting and its clearing are applied in no given order.
  void forget_timer(std::string_view name) {
    std::erase_if(changes_.timers_set, [&](const auto& timer) { return timer.name == name; });
    std::erase(changes_.timers_cleared, name);
  }

  std::string key_;
  T value_;
  bool exists_ = false;
  bool damaged_ = false;
  bool dirty_ = false;
  bool erased_ = false;
  KeyedChanges changes_;
  Undo undo_;
};

}  // namespace millrace
