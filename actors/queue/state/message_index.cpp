#include "actors/queue/state/message_index.hpp"

#include <utility>

namespace millrace::queues {

Entry& MessageIndex::add(Sequence sequence) {
  MILLRACE_ASSERT(sequence > last_);
  const std::uint64_t number = sequence >> chunk_bits;
  const std::uint64_t number_before = last_ >> chunk_bits;
  last_ = sequence;
  if (number != number_before) {
    Chunk* const before = chunk_of(number_before << chunk_bits);
    if (before != nullptr && before->live <= sparse_live) copy_bodies(*before);
    close_chunk(number_before);
  }
  if (chunks_.empty()) first_chunk_ = number;
  while (first_chunk_ + chunks_.size() <= number) chunks_.emplace_back();
  auto& chunk = chunks_[number - first_chunk_];
  if (!chunk) chunk = std::make_unique<Chunk>();
  ++chunk->live;
  ++size_;
  Entry& entry = chunk->entries[sequence % chunk_size];
  entry.status_ = Status::waiting;
  return entry;
}

const Entry* MessageIndex::find(Sequence sequence) const {
  const Chunk* chunk = chunk_of(sequence);
  if (chunk == nullptr) return nullptr;
  const Entry& entry = chunk->entries[sequence % chunk_size];
  return entry.status_ == Status::absent ? nullptr : &entry;
}

Entry* MessageIndex::find(Sequence sequence) {
  return const_cast<Entry*>(std::as_const(*this).find(sequence));
}

void MessageIndex::remove(Sequence sequence) {
  Chunk* chunk = chunk_of(sequence);
  drop_body(*chunk, sequence);
  Entry& entry = chunk->entries[sequence % chunk_size];
  bytes_ -= entry.bytes;
  entry = Entry{};
  --size_;
  --chunk->live;
  // The last chunk stays, even if empty: otherwise a queue that is empty between two messages would
  // allocate a chunk for each.
  if (sequence >> chunk_bits == last_ >> chunk_bits) return;
  if (chunk->live == sparse_live) copy_bodies(*chunk);
  close_chunk(sequence >> chunk_bits);
}

void MessageIndex::copy_bodies(Chunk& chunk) {
  if (!chunk.bodies) return;
  for (Body& body : *chunk.bodies) {
    if (!body) continue;
    body = {std::make_shared<const pb::Envelope>(*body), body.logged_at_us()};
  }
}

// Frees a chunk that gets no more messages, if it is empty.
void MessageIndex::close_chunk(std::uint64_t number) {
  if (number < first_chunk_ || number - first_chunk_ >= chunks_.size()) return;
  auto& chunk = chunks_[number - first_chunk_];
  if (!chunk || chunk->live > 0) return;
  chunk.reset();
  while (!chunks_.empty() && !chunks_.front()) {
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
  if (chunk == nullptr || chunk->entries[sequence % chunk_size].status_ == Status::absent) return;
  if (!chunk->bodies) chunk->bodies = std::make_unique<std::array<Body, chunk_size>>();
  Body& place = (*chunk->bodies)[sequence % chunk_size];
  if (!place) {
    ++cached_;
    cached_bytes_ += chunk->entries[sequence % chunk_size].bytes + body_overhead;
  }
  place = std::move(body);
}

void MessageIndex::drop_body(Sequence sequence) {
  if (Chunk* chunk = chunk_of(sequence)) drop_body(*chunk, sequence);
}

void MessageIndex::drop_body(Chunk& chunk, Sequence sequence) {
  if (!chunk.bodies) return;
  Body& place = (*chunk.bodies)[sequence % chunk_size];
  if (!place) return;
  --cached_;
  cached_bytes_ -= chunk.entries[sequence % chunk_size].bytes + body_overhead;
  place = {};
}

}  // namespace millrace::queues
