// Sockets of the partition proxy: connections, and pipes between two of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <poll.h>

#include "apps/processes/loopback.hpp"

namespace millrace::simulate {

using processes::Descriptor;

/// Starts a non-blocking connection to a loopback port; nullopt on failure.
[[nodiscard]] std::optional<Descriptor> connect_to(std::uint16_t port);

/// Forwards bytes between two sockets. Buffers at most 64 KiB per direction.
class Pipe {
 public:
  Pipe(Descriptor near, Descriptor far) : ends_{std::move(near), std::move(far)} {}

  /// Appends two entries to `polls`: the events to wait for at each end.
  void add_polls(std::vector<pollfd>& polls) const;

  /// Forwards the available bytes, given the results of poll(). Returns false when a connection
  /// ended.
  [[nodiscard]] bool carry(const pollfd& near, const pollfd& far);

 private:
  static constexpr std::size_t buffer_bytes = 64u << 10;

  /// Bytes read from one end and not yet written to the other: [begin, end).
  struct Buffer {
    std::vector<char> bytes = std::vector<char>(buffer_bytes);
    std::size_t begin = 0;
    std::size_t end = 0;
    [[nodiscard]] bool is_empty() const { return begin == end; }
  };

  [[nodiscard]] bool fill(std::size_t from);
  [[nodiscard]] bool flush(std::size_t from);

  std::array<Descriptor, 2> ends_;
  std::array<Buffer, 2> read_;  ///< indexed by the end that the bytes came from
};

}  // namespace millrace::simulate
