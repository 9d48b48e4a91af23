#include "actors/journal/read/cold_reader.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "actors/journal/format/format.hpp"

namespace millrace::journal {
namespace {

/// Frames that are at most this far apart share one read: that is cheaper than a second read.
constexpr std::uint64_t gap_bytes_max = 64U << 10;
constexpr std::uint64_t window_bytes_max = 1U << 20;  ///< of one read, unless a frame is longer
/// Bytes read behind the beginning of the last frame, whose length is not known before the read.
constexpr std::uint64_t lookahead_bytes = 4U << 10;
constexpr std::size_t idle_buffers_max = 4;  ///< kept for later reads

/// A part of one segment in memory: the bytes from begin_ to end_ of the file, in `buffer`.
class Window {
 public:
  Window(std::shared_ptr<File> file, SegmentNumber segment, AlignedBuffer& buffer)
      : file_(std::move(file)), segment_(segment), buffer_(buffer) {}

  Result<void> load(std::uint64_t begin, std::uint64_t end) {
    begin_ = align_down(begin, block_bytes);
    const std::uint64_t bytes = align_up(end, block_bytes) - begin_;
    buffer_.reserve(bytes);
    const Result<std::size_t> got = file_->read(begin_, {buffer_.data(), bytes});
    if (!got) return got.error();
    end_ = begin_ + *got;
    return {};
  }

  /// The frame at `offset`; empty if no intact one begins there. Loads another window if the frame
  /// is not completely in this one. The body is valid until the next call.
  Result<std::optional<Frame>> frame_at(std::uint32_t offset) {
    constexpr std::optional<Frame> none;
    if (offset < begin_ || offset + frame_header_bytes > end_) {
      const Result<void> done = load(offset, offset + lookahead_bytes);
      if (!done) return done.error();
      if (offset + frame_header_bytes > end_) return none;
    }
    FrameHeader header = decode_frame_header(buffer_.data() + (offset - begin_));
    if (header.segment != segment_ || header.offset != offset || header.lsn == 0) return none;
    const std::uint64_t frame_end = std::uint64_t{offset} + frame_header_bytes + header.length;
    if (frame_end > end_) {
      const Result<std::uint64_t> size = file_->size();
      if (!size) return size.error();
      if (frame_end > *size) return none;
      if (Result<void> done = load(offset, frame_end); !done) return done.error();
      if (frame_end > end_) return none;
      header = decode_frame_header(buffer_.data() + (offset - begin_));
      if (std::uint64_t{offset} + frame_header_bytes + header.length != frame_end) return none;
    }
    const char* at = buffer_.data() + (offset - begin_);
    if (!frame_intact(at, header)) return none;
    return std::optional{Frame{header.lsn, make_place(segment_, offset), header.shard,
                               std::string_view{at + frame_header_bytes, header.length}}};
  }

 private:
  std::shared_ptr<File> file_;
  SegmentNumber segment_;
  AlignedBuffer& buffer_;
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
};

/// How many of the places with the indexes `order`, from the front, one window covers; at least 1.
std::size_t window_size(std::span<const Place> places, std::span<const std::size_t> order) {
  const Place begin = places[order.front()];
  std::size_t count = 1;
  for (; count < order.size(); ++count) {
    const Place place = places[order[count]];
    const Place before = places[order[count - 1]];
    if (segment_of(place) != segment_of(begin) ||
        offset_of(place) - offset_of(before) > gap_bytes_max ||
        offset_of(place) - offset_of(begin) > window_bytes_max - lookahead_bytes) {
      break;
    }
  }
  return count;
}

/// The error for a place where no intact frame begins.
Error bad_frame(SegmentTable& segments, Place place) {
  const SegmentNumber number = segment_of(place);
  // The segment may have been released, and recycled, during the read.
  if (const auto file = segments.file(number); !file) return file.error();
  return Error{ErrorCode::corrupt, segments.directory().segment_path(number).string() +
                                       ": offset " + std::to_string(offset_of(place)) +
                                       ": expected an intact frame"};
}

}  // namespace

Result<void> ColdReader::read(std::span<const Place> places, const PlaceVisitor& visit) {
  std::vector<std::size_t> sorted(places.size());
  std::iota(sorted.begin(), sorted.end(), std::size_t{0});
  const auto before = [&](std::size_t a, std::size_t b) {
    return places[a] < places[b];
  };
  if (!std::is_sorted(sorted.begin(), sorted.end(), before)) {
    std::sort(sorted.begin(), sorted.end(), before);
  }
  AlignedBuffer buffer = borrow();
  Result<void> outcome;
  for (std::span<const std::size_t> order{sorted}; outcome && !order.empty();) {
    const std::size_t count = window_size(places, order);
    const Place first = places[order.front()];
    Result<std::shared_ptr<File>> file = segments_.file(segment_of(first));
    if (!file) {
      outcome = file.error();
      break;
    }
    Window window{*std::move(file), segment_of(first), buffer};
    const Place last = places[order[count - 1]];
    outcome = window.load(offset_of(first), offset_of(last) + lookahead_bytes);
    for (std::size_t i = 0; outcome && i < count; ++i) {
      const Place place = places[order[i]];
      const Result<std::optional<Frame>> frame = window.frame_at(offset_of(place));
      if (!frame) {
        outcome = frame.error();
      } else if (!*frame) {
        outcome = bad_frame(segments_, place);
      } else {
        outcome = visit(order[i], **frame);
      }
    }
    order = order.subspan(count);
  }
  give_back(std::move(buffer));
  return outcome;
}

AlignedBuffer ColdReader::borrow() {
  const std::lock_guard lock{mutex_};
  if (buffers_.empty()) return {};
  AlignedBuffer buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void ColdReader::give_back(AlignedBuffer buffer) {
  if (buffer.capacity() > 2 * window_bytes_max) return;
  const std::lock_guard lock{mutex_};
  if (buffers_.size() < idle_buffers_max) buffers_.push_back(std::move(buffer));
}

}  // namespace millrace::journal
