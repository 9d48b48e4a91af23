#include <memory>

#include <lz4frame.h>

#include "cluster/kafka/records/unpack.hpp"

namespace millrace::kafka {

Result<std::string> unpack_lz4(std::string_view packed, std::size_t bytes_max) {
  LZ4F_dctx* created = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&created, LZ4F_VERSION)) != 0) {
    return Error{ErrorCode::too_large, "lz4: out of memory"};
  }
  const std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> context(
      created, LZ4F_freeDecompressionContext);
  GrowingOutput output(packed.size(), bytes_max);
  std::size_t hint = 1;  // of input still expected; 0: a frame is complete
  while (!packed.empty() || hint != 0) {
    if (!output.make_room()) return too_much_unpacked("lz4", bytes_max);
    std::size_t written = output.room();
    std::size_t read = packed.size();
    hint = LZ4F_decompress(context.get(), output.data(), &written, packed.data(), &read, nullptr);
    if (LZ4F_isError(hint) != 0) {
      return Error{ErrorCode::corrupt, std::string("lz4: ") + LZ4F_getErrorName(hint)};
    }
    const bool is_full = written == output.room();
    output.add(written);
    packed.remove_prefix(read);
    if (packed.empty() && hint != 0 && !is_full) {
      return Error{ErrorCode::corrupt, "lz4: the input ends too early"};
    }
  }
  if (output.is_too_large()) return too_much_unpacked("lz4", bytes_max);
  return output.take();
}

}  // namespace millrace::kafka
