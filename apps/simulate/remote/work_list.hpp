// WorkList: what is to be done next of a load: which order to place, which one to ask about.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <tuple>
#include <vector>

#include "actors/base/time.hpp"
#include "apps/orders/load/arrival.hpp"

namespace millrace::simulate {

struct RemoteTask {
  enum class Kind : std::uint8_t { place, ask };
  Kind kind = Kind::place;
  std::uint64_t order = 0;
  std::uint32_t turn = 0;  ///< how often it has been asked about before
};

/// No threads and no clock. Each task that is taken is answered by one of the notes.
class WorkList {
 public:
  WorkList(std::uint64_t orders, const orders::Arrival& arrival, TimeUs start_us)
      : orders_(orders), arrival_(arrival), start_us_(start_us) {}

  /// The next task that is due.
  [[nodiscard]] std::optional<RemoteTask> take(TimeUs now_us);
  /// When an order was due that take() gave out to be placed.
  [[nodiscard]] TimeUs due_us(std::uint64_t order, TimeUs now_us) const;

  /// Asked about again after 100 ms, and then after twice as long each time, up to 2 s.
  void note_open(std::uint64_t order, std::uint32_t turn, TimeUs now_us);
  void note_ended() { ++ended_; }

  /// From now on all orders that were placed are asked about, once until each has ended.
  void ask_all_again();

  [[nodiscard]] std::uint64_t placed() const { return next_; }
  [[nodiscard]] std::uint64_t ended() const { return ended_; }

 private:
  using Look = std::tuple<TimeUs, std::uint64_t, std::uint32_t>;  // when, order, turn

  std::uint64_t orders_;
  orders::Arrival arrival_;
  TimeUs start_us_;
  std::uint64_t next_ = 0;
  std::uint64_t ended_ = 0;
  bool is_placing_ = true;
  std::priority_queue<Look, std::vector<Look>, std::greater<>> looks_;
};

}  // namespace millrace::simulate
