#include "actors/queue/state/page.hpp"

namespace millrace::queues {

Page page_of(const State& state, Sequence from, std::size_t max, std::size_t bytes_max) {
  Page page;
  page.last = state.durable.last;
  std::size_t bytes = 0;
  state.durable.index.visit_from(from, [&](Sequence sequence, const Entry& entry) {
    bytes += entry.bytes;
    if (!page.messages.empty() && (page.messages.size() >= max || bytes > bytes_max)) {
      page.next = sequence;
      return false;
    }
    const Body* body = state.durable.index.body(sequence);
    page.messages.push_back(
        {sequence, entry.failed, entry.place, entry.index, body == nullptr ? Body() : *body});
    return true;
  });
  return page;
}

}  // namespace millrace::queues
