#include "actors/queue/copying.hpp"

#include "actors/queue/snapshot.hpp"

namespace millrace::queues {
namespace {

constexpr std::size_t chunk_messages = 512;
constexpr std::size_t chunk_bytes = 64u << 10;

}  // namespace

CopiedPage page_to_copy(const State& state, Sequence from, Sequence up_to) {
  CopiedPage out{page_of(state, from, chunk_messages, chunk_bytes), {}};
  std::erase_if(out.page.messages, [=](const PageEntry& one) { return one.sequence > up_to; });
  if (out.page.next > up_to) out.page.next = 0;
  if (!out.page.messages.empty()) {
    out.columns = snapshot_of_messages(state, out.page.messages.front().sequence,
                                       out.page.messages.back().sequence);
  }
  return out;
}

}  // namespace millrace::queues
