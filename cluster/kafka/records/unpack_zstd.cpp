#include <memory>

#include <zstd.h>

#include "cluster/kafka/records/unpack.hpp"

namespace millrace::kafka {
namespace {

/// 8 MiB, which each decoder must support by the format (RFC 8878, 3.1.1.1.2).
constexpr int window_log_max = 23;

}  // namespace

Result<std::string> unpack_zstd(std::string_view packed, std::size_t bytes_max) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                        ZSTD_freeDCtx);
  if (!context) return Error{ErrorCode::too_large, "zstd: out of memory"};
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, window_log_max);
  GrowingOutput output(packed.size(), bytes_max);
  ZSTD_inBuffer input{packed.data(), packed.size(), 0};
  std::size_t hint = 1;  // of input still expected; 0: a frame is complete
  while (input.pos < input.size || hint != 0) {
    if (!output.make_room()) return too_much_unpacked("zstd", bytes_max);
    ZSTD_outBuffer target{output.data(), output.room(), 0};
    hint = ZSTD_decompressStream(context.get(), &target, &input);
    if (ZSTD_isError(hint) != 0) {
      return Error{ErrorCode::corrupt, std::string("zstd: ") + ZSTD_getErrorName(hint)};
    }
    output.add(target.pos);
    if (input.pos == input.size && hint != 0 && target.pos < target.size) {
      return Error{ErrorCode::corrupt, "zstd: the input ends too early"};
    }
  }
  if (output.is_too_large()) return too_much_unpacked("zstd", bytes_max);
  return output.take();
}

}  // namespace millrace::kafka
