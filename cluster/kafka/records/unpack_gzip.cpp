#include <cstring>
#include <memory>

#include <zlib.h>

#include "cluster/kafka/records/unpack.hpp"

namespace millrace::kafka {
namespace {

constexpr int largest_window = 15;
constexpr int gzip_header = 16;

}  // namespace

Result<std::string> unpack_gzip(std::string_view packed, std::size_t bytes_max) {
  z_stream stream{};
  if (inflateInit2(&stream, largest_window + gzip_header) != Z_OK) {
    return Error{ErrorCode::too_large, "gzip: out of memory"};
  }
  const std::unique_ptr<z_stream, int (*)(z_stream*)> ended(&stream, inflateEnd);
  // zlib does not change its input, although the pointer is not const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  GrowingOutput output(packed.size(), bytes_max);
  for (;;) {
    if (!output.make_room()) return too_much_unpacked("gzip", bytes_max);
    const std::size_t room = output.room();
    stream.next_out = reinterpret_cast<Bytef*>(output.data());
    stream.avail_out = static_cast<uInt>(room);
    const int done = inflate(&stream, Z_NO_FLUSH);
    output.add(room - stream.avail_out);
    if (done == Z_STREAM_END) {
      if (stream.avail_in == 0) break;
      inflateReset(&stream);  // another member follows
      continue;
    }
    const bool has_progress = stream.avail_out == 0 || stream.avail_in > 0;
    if (done != Z_OK || !has_progress) {
      return Error{ErrorCode::corrupt,
                   std::string("gzip: ") +
                       (stream.msg != nullptr ? stream.msg : "the input ends too early")};
    }
  }
  if (output.is_too_large()) return too_much_unpacked("gzip", bytes_max);
  return output.take();
}

}  // namespace millrace::kafka
