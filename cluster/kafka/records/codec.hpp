// Codecs: how the records of a batch may be compressed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "messages/result.hpp"

namespace millrace::kafka {

/// The lowest three bits of a batch's attributes. Frozen by the protocol.
enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

/// The bytes that `packed` stands for. Memory is taken as output arrives, or for a size that was checked
/// against the input, and never more than a small multiple of `bytes_max`. Fails with `too_large` if there
/// are more than `bytes_max`, with `corrupt` if the codec cannot read its input, with `invalid_argument`
/// for no codec.
///
/// gzip: any number of members. snappy: a block, as librdkafka writes it, or blocks in the framing of
/// xerial, as Java and Python write them. lz4: frames. zstd: frames with windows up to 8 MiB, which the
/// levels up to 19 have.
[[nodiscard]] Result<std::string> unpack(Codec codec, std::string_view packed,
                                         std::size_t bytes_max);

/// For error texts.
[[nodiscard]] const char* name_of(Codec codec);

}  // namespace millrace::kafka
