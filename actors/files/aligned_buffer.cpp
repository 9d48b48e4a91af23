#include "actors/files/aligned_buffer.hpp"

#include "actors/base/assert.hpp"
#include "actors/files/file_system.hpp"

namespace millrace::files {

void AlignedBuffer::reserve(std::size_t bytes) {
  const std::size_t needed = (bytes + direct_alignment - 1) / direct_alignment * direct_alignment;
  if (needed <= capacity_) return;
  data_.reset();
  data_.reset(static_cast<char*>(std::aligned_alloc(direct_alignment, needed)));
  MILLRACE_ASSERT(data_ != nullptr);
  capacity_ = needed;
}

void AlignedBuffer::reset() {
  data_.reset();
  capacity_ = 0;
}

}  // namespace millrace::files
