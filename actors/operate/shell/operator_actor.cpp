#include "actors/operate/shell/operator_actor.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <caf/all.hpp>

namespace millrace {
namespace {

using queues::PageEntry;
using Verb = Operation::Verb;

constexpr std::uint64_t page_messages = 256;
/// A peek ends when it has gathered this many bytes of bodies.
constexpr std::size_t peek_bytes_max = 64u << 20;

//   page ─▶ [bodies] ─▶ filter ─▶ [origins have room?] ─▶ remove ─▶ next page, next shard ─▶ done
class OperatorShell {
 public:
  static inline const char* name = "millrace.operator";

  caf::behavior start(caf::event_based_actor* self, OperatorConfig config) {
    self_ = self;
    config_ = std::move(config);
    // A reader that has ended does not reply, and stop() waits for this actor.
    self->set_down_handler([this](const caf::down_msg&) { finish(ended()); });
    if (config_.reader) self->monitor(config_.reader);
    self->set_exit_handler([this](const caf::exit_msg&) { finish(ended()); });
    next_page();
    return {[this](const queues::BodiesMessage& m) {
      on_bodies(*m.bodies);
    }};
  }

 private:
  using Page = std::vector<PageEntry>;

  static Error ended() { return {ErrorCode::draining, "the node is stopping"}; }

  [[nodiscard]] const OperatorConfig::Shard& shard() const { return config_.shards[shard_]; }
  [[nodiscard]] std::uint64_t left() const {
    return config_.operation.max - result_.removed.messages - result_.seen.size();
  }

  template <class Message, class Then>
  void ask(const queues::QueueHandle& queue, Message message, Then then) {
    self_->request(queue, caf::infinite, std::move(message))
        .then(std::move(then), [this](const caf::error&) { finish(ended()); });
  }

  void next_page() {
    if (shard_ == config_.shards.size() || left() == 0) return finish(std::nullopt);
    ask(shard().queue, queues::PageMessage{from_, std::min<std::uint64_t>(left(), page_messages)},
        [this](const queues::PageReply& reply) { on_page(*reply.page); });
  }

  void on_page(const queues::Page& page) {
    // Skip messages that arrive later: a redriven message may become a dead letter again.
    if (from_ == 0) until_ = page.last;
    next_ = page.next;
    page_ = page.messages;
    std::erase_if(page_, [this](const PageEntry& one) { return one.sequence > until_; });
    std::vector<queues::WantedBody> wanted;
    const bool needs_bodies =
        config_.operation.verb != Verb::drop || !config_.operation.filter.is_any();
    for (const PageEntry& one : page_) {
      if (needs_bodies && !one.body) wanted.push_back({one.sequence, one.place, one.index});
    }
    if (wanted.empty() || !config_.reader) return on_whole_page();
    std::stable_sort(wanted.begin(), wanted.end(),
                     [](const auto& a, const auto& b) { return a.place < b.place; });
    self_->send(config_.reader,
                queues::ReadMessage{
                    std::make_shared<const std::vector<queues::WantedBody>>(std::move(wanted)),
                    shard().number, caf::actor_cast<caf::strong_actor_ptr>(self_)});
  }

  void on_bodies(const std::vector<std::pair<queues::Sequence, queues::Body>>& bodies) {
    for (const auto& [sequence, body] : bodies) {
      const auto one =
          std::lower_bound(page_.begin(), page_.end(), sequence,
                           [](const PageEntry& e, std::uint64_t s) { return e.sequence < s; });
      one->body = body;
    }
    // A message without a body was acked or dropped meanwhile.
    std::erase_if(page_, [](const PageEntry& one) { return !one.body; });
    on_whole_page();
  }

  void on_whole_page() {
    if (!config_.operation.filter.is_any()) {
      std::erase_if(page_, [this](const PageEntry& one) {
        return !config_.operation.filter.fits(*one.body);
      });
    }
    switch (config_.operation.verb) {
      case Verb::peek:
        return see();
      case Verb::drop:
        return remove();
      case Verb::redrive:
        return check_origins();
    }
  }

  void see() {
    for (const PageEntry& one : page_) {
      result_.seen.push_back({one.sequence, one.failed, *one.body});
      seen_bytes_ += one.body->ByteSizeLong();
    }
    if (seen_bytes_ >= peek_bytes_max) return finish(std::nullopt);
    go_on();
  }

  // Stops redriving at a queue above its high water.
  void check_origins() {
    std::erase_if(page_, [this](const PageEntry& one) {
      return !shard().origins.contains(one.body->dead_letter().origin_queue());
    });
    std::set<std::string> origins;
    for (const PageEntry& one : page_) origins.insert(one.body->dead_letter().origin_queue());
    check_next(std::move(origins));
  }

  void check_next(std::set<std::string> origins) {
    if (origins.empty()) return remove();
    const std::string origin = origins.extract(origins.begin()).value();
    ask(shard().origins.at(origin), queues::InspectMessage{},
        [this, origin, rest = std::move(origins)](const queues::QueueStatus& status) {
          if (!status.is_above_high_water) return check_next(rest);
          finish(Error{ErrorCode::backlog_full, origin + " is above its high water"});
        });
  }

  void remove() {
    if (page_.empty()) return go_on();
    ask(shard().queue,
        queues::RemoveMessage{std::make_shared<const Page>(std::move(page_)),
                              config_.operation.verb == Verb::redrive},
        [this](const queues::RemoveReply& reply) {
          result_.removed.messages += reply.removed;
          if (reply.refusal) return finish(reply.refusal);
          go_on();
        });
  }

  void go_on() {
    from_ = next_ > until_ ? 0 : next_;
    if (from_ == 0) ++shard_;
    next_page();
  }

  void finish(std::optional<Error> stopped) {
    if (std::exchange(finished_, true)) return;
    result_.removed.stopped = std::move(stopped);
    config_.done(std::move(result_));
    self_->quit();
  }

  caf::event_based_actor* self_ = nullptr;
  OperatorConfig config_;
  OperationResult result_;
  Page page_;
  std::size_t shard_ = 0;
  queues::Sequence from_ = 0;   ///< 0: the shard's first page
  queues::Sequence next_ = 0;   ///< first message of the next page; 0: none
  queues::Sequence until_ = 0;  ///< the shard's last message when its first page was read
  std::size_t seen_bytes_ = 0;
  bool finished_ = false;
};

}  // namespace

void spawn_operator(caf::actor_system& system, OperatorConfig config) {
  system.spawn([](caf::stateful_actor<OperatorShell>* self,
                  OperatorConfig inner) { return self->state.start(self, std::move(inner)); },
               std::move(config));
}

}  // namespace millrace
