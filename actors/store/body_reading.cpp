#include "actors/store/body_reading.hpp"

#include <string>

#include "actors/queue/state/body.hpp"

namespace millrace {
namespace {

using queues::Body;
using queues::WantedBody;

// The message at `wanted` in `record`; null if the record has none.
const pb::Envelope* find_body(const pb::Record& record, queues::QueueNumber queue,
                              const WantedBody& wanted) {
  for (const pb::Change& change : record.change()) {
    if (change.queue() != queue) continue;
    return queues::envelope_at(change, wanted.index);
  }
  return nullptr;
}

}  // namespace

Result<Bodies> read_bodies(const ReadFrames& read, queues::QueueNumber queue,
                           std::span<const WantedBody> wanted) {
  // Messages of one record are adjacent in `wanted`: read and parse each record once.
  std::vector<logs::Place> places;
  for (const WantedBody& one : wanted) {
    if (places.empty() || places.back() != one.place) places.push_back(one.place);
  }
  Bodies bodies;
  std::size_t next = 0;
  const auto visit = [&](std::size_t, const logs::Frame& frame) -> Result<void> {
    auto record = std::make_shared<pb::Record>();
    if (!record->ParseFromArray(frame.body.data(), static_cast<int>(frame.body.size()))) {
      return Error{ErrorCode::corrupt, "a frame of the log holds no record"};
    }
    for (; next < wanted.size() && wanted[next].place == frame.place; ++next) {
      const pb::Envelope* envelope = find_body(*record, queue, wanted[next]);
      if (envelope == nullptr) {
        return Error{ErrorCode::corrupt,
                     "a record of the log lacks message " + std::to_string(wanted[next].sequence)};
      }
      bodies.emplace_back(wanted[next].sequence,
                          queues::body_in(record, frame.body.size(), *envelope, 1));
    }
    return {};
  };
  const Result<void> done = read(places, visit);
  if (!done && done.error().code != ErrorCode::not_found) return done.error();
  return bodies;
}

}  // namespace millrace
