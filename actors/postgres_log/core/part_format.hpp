// Parts of a checkpoint: each row of its table is a chunk of the journal's checkpoint format
// (actors/journal/checkpoint/checkpoint_format.hpp), with a checksum. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "actors/log/checkpoint.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// Receives a part. The bytes are valid during the call only.
using PartVisitor = std::function<Result<void>(std::string_view part)>;

/// Turns entries into parts of up to 1 MiB.
class PartEncoder final : public logs::CheckpointWriter {
 public:
  /// `on_part` is called by add() and finish(); its errors reach their caller.
  PartEncoder(std::uint64_t checkpoint_number, PartVisitor on_part);

  Result<void> add(logs::Section section, std::string_view bytes) override;
  /// Ends the last part. Called once, at the end.
  [[nodiscard]] Result<void> finish() { return flush(true); }

  [[nodiscard]] std::uint64_t entries() const { return entries_; }
  [[nodiscard]] std::uint32_t parts() const { return parts_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  ///< of all parts

 private:
  [[nodiscard]] Result<void> flush(bool is_last);

  const std::uint64_t number_;
  const PartVisitor on_part_;
  std::string part_;  ///< being filled, with room for its header
  std::uint64_t entries_ = 0;
  std::uint32_t parts_ = 0;
  std::uint64_t bytes_ = 0;
};

/// Turns parts into entries.
class PartDecoder {
 public:
  explicit PartDecoder(std::uint64_t checkpoint_number) : number_(checkpoint_number) {}

  /// Takes the next part, and visits the entries that end in it. Fails with `corrupt`, or the error of
  /// `visit`.
  [[nodiscard]] Result<void> add(std::string_view part, const logs::EntryVisitor& visit);
  /// Fails with `corrupt` if the last part is missing.
  [[nodiscard]] Result<void> finish() const;

 private:
  [[nodiscard]] Error damaged(const char* expected) const;

  const std::uint64_t number_;
  std::uint32_t parts_ = 0;
  std::uint64_t entries_ = 0;
  bool has_last_ = false;
  std::string carried_;  ///< pieces so far of an entry that goes on in the next part
};

}  // namespace millrace::postgres_log
