#include "actors/move/shell/export_actor.hpp"

#include <algorithm>
#include <utility>

#include <caf/all.hpp>

#include "actors/base/shell/actor_handle.hpp"
#include "actors/queue/snapshot/snapshot.hpp"

namespace millrace {
namespace {

using queues::PageEntry;

/// Fits into a frame between nodes and into a record, with room for their headers.
constexpr std::size_t chunk_bytes_max = 15u << 20;
/// Of keys in one chunk; a single value may be larger.
constexpr std::size_t keys_bytes = 1u << 20;

//   head ─▶ page ─▶ [bodies] ─▶ chunk ─▶ next page … ─▶ other parts ─▶ next queue ─▶ done
class ExportShell {
 public:
  static inline const char* name = "millrace.exporter";

  caf::behavior start(caf::event_based_actor* self, ExportConfig config) {
    self_ = self;
    config_ = std::move(config);
    // An actor that has ended does not reply.
    self->set_down_handler([this](const caf::down_msg&) { finish(ended()); });
    if (config_.reader) self->monitor(config_.reader);
    for (const ExportConfig::Queue& queue : config_.queues) {
      self->monitor(caf::actor_cast<caf::actor>(queue.queue));
    }
    self->set_exit_handler([this](const caf::exit_msg&) { finish(ended()); });
    begin_queue();
    return {[this](const queues::BodiesMessage& m) { on_bodies(*m.bodies); },
            [](const TaskMessage& m) {
              (*m.run)();
            }};
  }

 private:
  static Error ended() { return {ErrorCode::draining, "the node is stopping"}; }

  [[nodiscard]] const ExportConfig::Queue& queue() const { return config_.queues[at_]; }

  void begin_queue() {
    if (at_ == config_.queues.size()) return finish(std::nullopt);
    if (send_chunk(queue().parts->front())) next_page(0);
  }

  void next_page(queues::Sequence from) {
    self_
        ->request(queue().queue, caf::infinite,
                  queues::PageMessage{.from = from, .move_up_to = queue().last})
        .then([this](const queues::PageReply& reply) { on_page(reply); },
              [this](const caf::error&) { finish(ended()); });
  }

  void on_page(const queues::PageReply& reply) {
    page_ = *reply.page;
    columns_ = reply.columns;
    auto missing = std::make_shared<std::vector<queues::WantedBody>>();
    for (const PageEntry& one : page_.messages) {
      if (!one.body) missing->push_back({one.sequence, one.place, one.index});
    }
    if (missing->empty() || !config_.reader) return on_whole_page();
    std::stable_sort(missing->begin(), missing->end(),
                     [](const auto& a, const auto& b) { return a.place < b.place; });
    self_->send(config_.reader,
                queues::ReadMessage{std::move(missing), queue().declaration.number(),
                                    caf::actor_cast<caf::strong_actor_ptr>(self_)});
  }

  void on_bodies(const std::vector<std::pair<queues::Sequence, queues::Body>>& bodies) {
    for (const auto& [sequence, body] : bodies) {
      const auto one =
          std::lower_bound(page_.messages.begin(), page_.messages.end(), sequence,
                           [](const PageEntry& e, std::uint64_t s) { return e.sequence < s; });
      one->body = body;
    }
    on_whole_page();
  }

  void on_whole_page() {
    if (!page_.messages.empty()) {
      pb::ShardChunk chunk;
      for (const PageEntry& one : page_.messages) {
        if (!one.body) return finish(body_missing(one.sequence));
        *chunk.mutable_install()->add_body() = *one.body;
      }
      if (!send_chunk(*columns_, std::move(chunk))) return;
    }
    if (page_.next != 0) return next_page(page_.next);
    for (std::size_t i = 1; i < queue().parts->size(); ++i) {
      if (!send_chunk((*queue().parts)[i])) return;
    }
    place_ = {};
    next_keys();
  }

  // The queue has handed all keys to the keeper before it replied with its first page.
  void next_keys() {
    if (config_.states == nullptr || place_.is_end) {
      ++at_;
      return begin_queue();
    }
    config_.states->post([this, number = queue().declaration.number(), place = place_,
                          self = caf::actor_cast<caf::actor>(self_)](
                             states::StateStore& store) mutable -> Result<void> {
      auto keys = store.scan(number, place, keys_bytes);
      if (!keys) return keys.error();
      auto task = [this, place, keys = std::move(*keys)] {
        place_ = place;
        on_keys(keys);
      };
      caf::anon_send(self, TaskMessage{std::make_shared<std::function<void()>>(std::move(task))});
      return {};
    });
  }

  void on_keys(const std::vector<states::KeyPiece>& keys) {
    bool is_taken = true;
    const queues::SnapshotSink sink = [&](const std::string& part) {
      is_taken = is_taken && send_chunk(part);
    };
    queues::KeyWriter writer(keys_bytes, sink);
    for (const states::KeyPiece& piece : keys) {
      std::string history;
      for (const queues::HistoryPart& part : piece.history) history += *part.entries;
      if (!piece.value && history.empty()) continue;
      writer.add(piece.key, piece.value.get(), history, piece.age_us, piece.continues);
    }
    writer.finish();
    if (is_taken) next_keys();
  }

  [[nodiscard]] Error body_missing(queues::Sequence sequence) const {
    return {ErrorCode::corrupt, "the log lacks message " + std::to_string(sequence) + " of " +
                                    queue().declaration.name() + ", which is to be moved"};
  }

  // False if the export has ended.
  bool send_chunk(const std::string& part, pb::ShardChunk chunk = {}) {
    *chunk.mutable_queue() = queue().declaration;
    chunk.mutable_install()->set_part(part);
    if (chunk.ByteSizeLong() > chunk_bytes_max) {
      finish(Error{ErrorCode::too_large, "a value of " + queue().declaration.name() + " takes " +
                                             std::to_string(chunk.ByteSizeLong()) +
                                             " bytes; at most " + std::to_string(chunk_bytes_max) +
                                             " can be moved"});
      return false;
    }
    if (auto taken = config_.take(chunk.SerializeAsString()); !taken) {
      finish(taken.error());
      return false;
    }
    return true;
  }

  void finish(std::optional<Error> failure) {
    if (std::exchange(finished_, true)) return;
    config_.done(std::move(failure));
    self_->quit();
  }

  caf::event_based_actor* self_ = nullptr;
  ExportConfig config_;
  std::size_t at_ = 0;  ///< index of the current queue
  queues::Page page_;
  states::ScanPlace place_;  ///< in the keys of the current queue
  std::shared_ptr<const std::string> columns_;
  bool finished_ = false;
};

}  // namespace

caf::actor spawn_exporter(caf::actor_system& system, ExportConfig config) {
  const auto start = [](caf::stateful_actor<ExportShell>* self, ExportConfig inner) {
    return self->state.start(self, std::move(inner));
  };
  if (config.own_thread) return system.spawn<caf::detached>(start, std::move(config));
  return system.spawn(start, std::move(config));
}

}  // namespace millrace
