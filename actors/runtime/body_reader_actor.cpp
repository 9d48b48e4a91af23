#include "actors/runtime/body_reader_actor.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <caf/all.hpp>

namespace millrace {
namespace {

using queues::Body;
using queues::Sequence;
using queues::WantedBody;

// The message of `record` that `wanted` means; null when it is not there.
const pb::Envelope* find_body(const pb::Record& record, queues::QueueNumber queue,
                              const WantedBody& wanted) {
  for (const pb::Change& change : record.change()) {
    if (change.queue() != queue) continue;
    const auto index = static_cast<int>(wanted.index & ~queues::moved_bit);
    if ((wanted.index & queues::moved_bit) != 0) {
      return index < change.move_size() ? &change.move(index).envelope() : nullptr;
    }
    return index < change.append_size() ? &change.append(index) : nullptr;
  }
  return nullptr;
}

Result<std::vector<std::pair<Sequence, Body>>> read_bodies(journal::Journal& journal,
                                                           const queues::ReadMessage& request) {
  // Messages of one record are neighbours in `wanted`: one read and one parse serve them all.
  std::vector<journal::Place> places;
  for (const WantedBody& wanted : *request.wanted) {
    if (places.empty() || places.back() != wanted.place) places.push_back(wanted.place);
  }
  std::vector<std::pair<Sequence, Body>> bodies;
  std::size_t next = 0;
  const auto visit = [&](std::size_t, const journal::Frame& frame) -> Result<void> {
    auto record = std::make_shared<pb::Record>();
    if (!record->ParseFromArray(frame.body.data(), static_cast<int>(frame.body.size()))) {
      return Error{ErrorCode::corrupt, "a frame of the log holds no record"};
    }
    for (; next < request.wanted->size() && (*request.wanted)[next].place == frame.place; ++next) {
      const WantedBody& wanted = (*request.wanted)[next];
      const pb::Envelope* envelope = find_body(*record, request.queue, wanted);
      if (envelope == nullptr) {
        return Error{ErrorCode::corrupt,
                     "a record of the log lacks message " + std::to_string(wanted.sequence)};
      }
      bodies.emplace_back(wanted.sequence, Body(record, envelope));
    }
    return {};
  };
  const auto read = journal.read(places, visit);
  // A segment that was cleaned away in between: its messages are acked, or live elsewhere, and the
  // queue will ask for them by their new place.
  if (!read && read.error().code != ErrorCode::not_found) return read.error();
  return bodies;
}

}  // namespace

caf::actor spawn_body_reader(caf::actor_system& system, journal::Journal& journal,
                             std::function<void(const Error&)> failed) {
  return system.spawn<caf::detached>(
      [&journal, failed = std::move(failed)](caf::event_based_actor*) -> caf::behavior {
        return {[&journal, failed](const queues::ReadMessage& request) {
          auto bodies = read_bodies(journal, request);
          if (!bodies) return failed(bodies.error());
          caf::anon_send(
              caf::actor_cast<caf::actor>(request.reply_to),
              queues::BodiesMessage{std::make_shared<const std::vector<std::pair<Sequence, Body>>>(
                  std::move(*bodies))});
        }};
      });
}

}  // namespace millrace
