#include "actors/store/stopped_node.hpp"

#include <algorithm>

#include "actors/queue/state/keyed_store.hpp"
#include "actors/state_store/rocks_table.hpp"
#include "actors/store/body_reading.hpp"
#include "messages/hash.hpp"

namespace millrace {
namespace {

// A staged queue belongs to a move that has not ended.
bool is_queue(const StoredQueue& queue, const std::string& name) {
  return queue.declaration.name() == name && !queue.declaration.staged();
}

}  // namespace

Result<StoppedNode> StoppedNode::open(std::shared_ptr<logs::Engine> engine,
                                      std::unique_ptr<states::StateStore> states) {
  StoppedNode node;
  Source& source = *node.source_;
  source.engine = std::move(engine);
  auto opened = source.engine->open(logs::Opener::reader);
  if (!opened) return opened.error();
  source.log = std::move(*opened);
  source.states = std::move(states);
  if (source.log->files() != nullptr) {
    if (auto made = node.use_stored_files(); !made) return made.error();
  }
  if (source.states) node.store_->use(*source.states, Store::Keys::as_found);
  const auto recovered = source.log->recover(
      [&](logs::Section, std::string_view part) { return node.store_->load(part); },
      [&](const logs::Frame& frame) { return node.store_->apply(frame); });
  if (!recovered) return recovered.error();
  if (auto checked = node.store_->recovered(recovered->last_lsn); !checked) return checked.error();
  return node;
}

Result<void> StoppedNode::use_stored_files() {
  auto made = TemporaryDirectory::make("millrace-states-");
  if (!made) return made.error();
  source_->directory = *std::move(made);
  source_->copies.emplace(source_->directory->path());
  source_->copies->use(*source_->log->files());
  store_->fetch_by(*source_->copies);
  source_->states = std::make_unique<states::StateStore>(
      states::make_rocks_table(source_->directory->path(), logs::Opener::reader));
  return {};
}

Result<std::vector<MessageView>> StoppedNode::messages(const StoredQueue& queue,
                                                       std::size_t max) const {
  std::vector<MessageView> views;
  std::vector<queues::WantedBody> wanted;
  queue.state->durable.index.for_each([&](queues::Sequence sequence, const queues::Entry& entry) {
    if (views.size() >= max) return;
    views.push_back({sequence, entry.failed, {}});
    wanted.push_back({sequence, entry.place, entry.index});
  });
  std::stable_sort(wanted.begin(), wanted.end(),
                   [](const auto& a, const auto& b) { return a.place < b.place; });
  const std::lock_guard lock(source_->mutex);
  auto bodies = read_bodies(
      [this](auto places, const auto& visit) { return source_->log->read(places, visit); },
      queue.declaration.number(), wanted);
  if (!bodies) return bodies.error();
  for (const auto& [sequence, body] : *bodies) {
    const auto view =
        std::lower_bound(views.begin(), views.end(), sequence,
                         [](const MessageView& v, std::uint64_t s) { return v.sequence < s; });
    view->envelope = *body;
  }
  return views;
}

Result<DurableView> StoppedNode::view(bool with_messages) const {
  DurableView out;
  for (const auto& [number, queue] : store_->queues()) {
    if (queue.declaration.staged()) continue;
    QueueView view;
    view.name = queue.declaration.name();
    view.type = queue.declaration.type();
    view.shard = queue.declaration.shard();
    view.is_dead_letter = queue.declaration.dead_letters();
    view.ledger = queue.state->durable.ledger;
    view.timers = queue.state->durable.keyed.timers().size();
    const auto visited = store_->visit_keys(
        queue, [&view](const std::string& name, const queues::KeyState& state) -> Result<void> {
          view.keys.push_back(view_key(name, state));
          return {};
        });
    if (!visited) return visited.error();
    if (with_messages) {
      auto found = messages(queue, std::numeric_limits<std::size_t>::max());
      if (!found) return found.error();
      view.messages = std::move(*found);
    }
    out.queues.push_back(std::move(view));
  }
  return out;
}

Result<std::vector<MessageView>> StoppedNode::peek(const std::string& name, std::size_t max) const {
  std::vector<MessageView> out;
  bool has_queue = false;
  for (const auto& [number, queue] : store_->queues()) {
    if (!is_queue(queue, name)) continue;
    has_queue = true;
    auto found = messages(queue, max - out.size());
    if (!found) return found.error();
    std::move(found->begin(), found->end(), std::back_inserter(out));
  }
  if (!has_queue) return Error{ErrorCode::not_found, "there is no queue " + name};
  return out;
}

Result<KeyView> StoppedNode::key(const std::string& name, const std::string& key) const {
  bool has_queue = false;
  for (const auto& [number, queue] : store_->queues()) {
    if (!is_queue(queue, name)) continue;
    has_queue = true;
    const auto state = store_->read_key(queue, key);
    if (!state) return state.error();
    if (*state) return view_key(key, **state);
  }
  return Error{ErrorCode::not_found,
               has_queue ? "queue " + name + " knows no key " + key : "there is no queue " + name};
}

}  // namespace millrace
