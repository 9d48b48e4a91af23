#include "actors/receiver/running_table.hpp"

#include <algorithm>
#include <atomic>

namespace millrace::receivers {
namespace {

constexpr std::uint64_t magic = 0x3130'5452'524c'4c4du;  // "MLLRRT01"
constexpr std::uint64_t alone_bit = std::uint64_t{1} << 63;
constexpr std::uint64_t state_running = 1;
constexpr std::uint64_t state_draining = 2;

// The process may end between any two stores: they must happen in the order of the program.
void write(std::uint64_t& word, std::uint64_t value) {
  std::atomic_ref(word).store(value, std::memory_order_release);
}

}  // namespace

void RunningSlot::store(std::size_t at, std::uint64_t value) {
  write(words_[at], value);
}

void RunningSlot::add(queues::QueueNumber queue, queues::Sequence sequence) {
  const std::size_t at = 2 + 2 * count_;
  if (at + 1 >= words_.size()) return;
  store(at, queue);
  store(at + 1, sequence);
  ++count_;
}

void RunningSlot::begin(bool alone) {
  store(1, count_ | (alone ? alone_bit : 0));
  count_ = 0;
}

RunningTable::RunningTable(std::span<std::uint64_t> words, std::shared_ptr<void> owner)
    : words_(words), owner_(std::move(owner)) {
  std::fill(words_.begin(), words_.end(), 0);
  if (words_.size() < head_words) return;
  write(words_[1], state_running);
  write(words_[0], magic);
}

std::vector<queues::InterruptedCall> RunningTable::read(std::span<const std::uint64_t> words,
                                                        bool& drained) {
  std::vector<queues::InterruptedCall> calls;
  drained = false;
  if (words.size() < head_words || words[0] != magic) return calls;
  if (words[1] != state_running && words[1] != state_draining) return calls;
  drained = words[1] == state_draining;
  for (std::size_t at = head_words; at + 2 <= words.size();) {
    const std::uint64_t size = words[at];
    if (size < words_of(1) || size > words.size() - at) break;
    const std::uint64_t count = std::min(words[at + 1] & ~alone_bit, (size - 2) / 2);
    if (count > 0) {
      queues::InterruptedCall& call = calls.emplace_back();
      call.was_alone = (words[at + 1] & alone_bit) != 0;
      for (std::uint64_t i = 0; i < count; ++i) {
        call.messages.emplace_back(static_cast<queues::QueueNumber>(words[at + 2 + 2 * i]),
                                   words[at + 3 + 2 * i]);
      }
    }
    at += size;
  }
  return calls;
}

std::shared_ptr<RunningSlot> RunningTable::claim(std::size_t messages) {
  const std::size_t size = words_of(std::max<std::size_t>(messages, 1));
  const std::lock_guard lock(mutex_);
  std::span<std::uint64_t> found;
  const auto free = std::find_if(released_.begin(), released_.end(),
                                 [size](const auto& slot) { return slot.size() == size; });
  if (free != released_.end()) {
    found = *free;
    released_.erase(free);
  } else if (size <= words_.size() - std::min(words_.size(), used_)) {
    found = words_.subspan(used_, size);
    used_ += size;
    write(found[0], size);
  } else {
    return nullptr;
  }
  return {new RunningSlot(found), [table = shared_from_this(), found](RunningSlot* slot) {
            slot->clear();
            delete slot;
            table->release(found);
          }};
}

void RunningTable::release(std::span<std::uint64_t> words) {
  const std::lock_guard lock(mutex_);
  released_.push_back(words);
}

void RunningTable::set_state(std::uint64_t state) {
  if (words_.size() >= head_words) write(words_[1], state);
}

}  // namespace millrace::receivers
