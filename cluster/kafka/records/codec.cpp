#include "cluster/kafka/records/codec.hpp"

#include "cluster/kafka/records/unpack.hpp"

namespace millrace::kafka {

const char* name_of(Codec codec) {
  switch (codec) {
    case Codec::none:
      return "none";
    case Codec::gzip:
      return "gzip";
    case Codec::snappy:
      return "snappy";
    case Codec::lz4:
      return "lz4";
    case Codec::zstd:
      return "zstd";
  }
  return "unknown";
}

Result<std::string> unpack(Codec codec, std::string_view packed, std::size_t bytes_max) {
  switch (codec) {
    case Codec::gzip:
      return unpack_gzip(packed, bytes_max);
    case Codec::snappy:
      return unpack_snappy(packed, bytes_max);
    case Codec::lz4:
      return unpack_lz4(packed, bytes_max);
    case Codec::zstd:
      return unpack_zstd(packed, bytes_max);
    case Codec::none:
      break;
  }
  return Error{ErrorCode::invalid_argument,
               "codec: expected gzip, snappy, lz4 or zstd, got number " +
                   std::to_string(static_cast<int>(codec))};
}

}  // namespace millrace::kafka
