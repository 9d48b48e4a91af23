// Paging: brings keys of a queue between memory and the state store. Part of the queue's shell; runs
// on its thread. Does nothing for a queue that keeps all keys in memory.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <caf/typed_response_promise.hpp>

#include "actors/queue/decide/decide_due.hpp"
#include "actors/queue/shell/queue_handle.hpp"
#include "actors/state_store/state_keeper.hpp"

namespace millrace::queues {

class Paging {
 public:
  using Promise = caf::typed_response_promise<KeyReply>;

  /// `keeper` may be null: all keys are in memory. `resume` is called when keys were loaded or
  /// written, so that leasing can go on. `forget` gets keys whose last change is long ago.
  Paging(State& state, states::StateKeeper* keeper, QueueHandle::pointer self,
         std::function<void()> resume, std::function<void(Decision)> forget)
      : state_(state),
        keeper_(keeper),
        self_(self),
        resume_(std::move(resume)),
        forget_(std::move(forget)) {}

  /// Loads keys that dispatch() needs. Returns whether some are loaded now; of the others
  /// `resume` says it later.
  [[nodiscard]] bool load();

  /// Writes and evicts keys if they take more than the queue's cache.
  void trim();

  /// Writes all dirty keys, behind all earlier writes.
  void write_all();

  /// Replies with the state and history of a key.
  void read(const std::string& key, Promise promise);

  /// Looks for keys to forget, if it is time to. Returns when to look again; nullopt: never.
  std::optional<SteadyUs> look_for_aged(Now now);
  /// Whether the last look has left keys to forget: look again when those that it found are forgotten.
  [[nodiscard]] bool has_more_aged() const { return has_more_aged_; }

  /// The queue has ended, or has become an outbox: its keys are to be removed from the store.
  void clear();

 private:
  void write(StateWrite taken, bool ends_trim);
  void read_values(std::shared_ptr<const std::vector<std::string>> keys);
  void look_for_aged(bool history_only, Now now);
  void index_ages(Now now);
  /// Sends `run` to the queue's actor. From any thread.
  static void send_task(const QueueHandle& queue, std::function<void()> run);

  State& state_;
  states::StateKeeper* const keeper_;
  QueueHandle::pointer self_;
  const std::function<void()> resume_;
  const std::function<void(Decision)> forget_;
  bool is_trimming_ = false;         ///< a write of trim() is under way
  std::size_t looks_under_way_ = 0;  ///< for aged keys
  SteadyUs look_due_us_ = 0;
  bool has_more_aged_ = false;
  bool are_ages_indexed_ = false;  ///< StateStore::index_ages() has returned true
  states::ScanPlace index_place_;  ///< of it
};

}  // namespace millrace::queues
