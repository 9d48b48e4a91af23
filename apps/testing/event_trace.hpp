// EventTrace: the last events of a run for people, and a digest of all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/time.hpp"
#include "messages/envelope.pb.h"

namespace millrace::cluster_testing {

/// One thread.
class EventTrace {
 public:
  explicit EventTrace(std::size_t events_max) : events_max_(events_max) {}

  /// From now on events have this time, from the start of the run.
  void set_time(TimeUs at_us) { at_us_ = at_us; }
  [[nodiscard]] TimeUs time_us() const { return at_us_; }

  /// Adds an event: a line.
  void note(std::string text);
  /// Adds an event of a message: `text`, the queue, and the message. `type`: full name of its type.
  void note(std::string text, const std::string& type,
            std::shared_ptr<const pb::Envelope> envelope);
  /// Adds bytes to the digest only.
  void add(std::string_view bytes);

  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  /// The last events, oldest first.
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  struct Event {
    TimeUs at_us = 0;
    std::string text;
    std::string type{};
    std::shared_ptr<const pb::Envelope> envelope{};
  };

  std::size_t events_max_;
  TimeUs at_us_ = 0;
  std::uint64_t hash_ = 0;
  std::deque<Event> events_;
};

/// The message as text, cut off after a hundred characters; `type` is the full name of a Protobuf type.
[[nodiscard]] std::string shown(const std::string& type, const pb::Envelope& envelope);

}  // namespace millrace::cluster_testing
