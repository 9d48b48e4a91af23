#include "actors/queue/message_index.hpp"

#include <utility>

namespace millrace::queues {

MessageIndex::Chunk* MessageIndex::chunk_of(Sequence sequence) const {
  const std::uint64_t number = sequence >> chunk_bits;
  if (number < first_chunk_ || number - first_chunk_ >= chunks_.size()) return nullptr;
  return chunks_[number - first_chunk_].get();
}

Entry& MessageIndex::add(Sequence sequence) {
  MILLRACE_ASSERT(sequence > last_);
  last_ = sequence;
  const std::uint64_t number = sequence >> chunk_bits;
  if (chunks_.empty()) first_chunk_ = number;
  while (first_chunk_ + chunks_.size() <= number) chunks_.emplace_back();
  auto& chunk = chunks_[number - first_chunk_];
  if (!chunk) chunk = std::make_unique<Chunk>();
  ++chunk->live;
  ++size_;
  Entry& entry = chunk->entries[sequence % chunk_size];
  entry.status = Status::waiting;
  return entry;
}

const Entry* MessageIndex::find(Sequence sequence) const {
  const Chunk* chunk = chunk_of(sequence);
  if (chunk == nullptr) return nullptr;
  const Entry& entry = chunk->entries[sequence % chunk_size];
  return entry.status == Status::absent ? nullptr : &entry;
}

Entry* MessageIndex::find(Sequence sequence) {
  return const_cast<Entry*>(std::as_const(*this).find(sequence));
}

void MessageIndex::remove(Sequence sequence) {
  drop_body(sequence);
  Chunk* chunk = chunk_of(sequence);
  Entry& entry = chunk->entries[sequence % chunk_size];
  bytes_ -= entry.bytes;
  entry = Entry{};
  --size_;
  if (--chunk->live > 0) return;
  chunks_[(sequence >> chunk_bits) - first_chunk_].reset();
  trim();
}

// The last chunk stays: its sequence numbers are still being given out.
void MessageIndex::trim() {
  while (chunks_.size() > 1 && !chunks_.front()) {
    chunks_.pop_front();
    ++first_chunk_;
  }
}

const Body* MessageIndex::body(Sequence sequence) const {
  const Chunk* chunk = chunk_of(sequence);
  if (chunk == nullptr || !chunk->bodies) return nullptr;
  const Body& body = (*chunk->bodies)[sequence % chunk_size];
  return body ? &body : nullptr;
}

void MessageIndex::set_body(Sequence sequence, Body body) {
  Chunk* chunk = chunk_of(sequence);
  if (!chunk->bodies) chunk->bodies = std::make_unique<std::array<Body, chunk_size>>();
  Body& place = (*chunk->bodies)[sequence % chunk_size];
  if (!place) {
    ++cached_;
    cached_bytes_ += chunk->entries[sequence % chunk_size].bytes + body_overhead;
  }
  place = std::move(body);
}

void MessageIndex::drop_body(Sequence sequence) {
  Chunk* chunk = chunk_of(sequence);
  if (chunk == nullptr || !chunk->bodies) return;
  Body& place = (*chunk->bodies)[sequence % chunk_size];
  if (!place) return;
  --cached_;
  cached_bytes_ -= chunk->entries[sequence % chunk_size].bytes + body_overhead;
  place.reset();
}

}  // namespace millrace::queues
