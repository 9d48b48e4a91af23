#include "actors/journal/disk/aligned_buffer.hpp"

#include "actors/base/assert.hpp"
#include "actors/journal/format/format.hpp"

namespace millrace::journal {

void AlignedBuffer::reserve(std::size_t bytes) {
  const std::size_t needed = align_up(bytes, block_bytes);
  if (needed <= capacity_) return;
  data_.reset();
  data_.reset(static_cast<char*>(std::aligned_alloc(block_bytes, needed)));
  MILLRACE_ASSERT(data_ != nullptr);
  capacity_ = needed;
}

void AlignedBuffer::reset() {
  data_.reset();
  capacity_ = 0;
}

}  // namespace millrace::journal
