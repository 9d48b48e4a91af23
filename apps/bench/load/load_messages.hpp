// LoadMessages: the payloads of a load, which a consumer recognises. A payload is a text with placeholders:
//
//   {run}      32 hexadecimal digits that name the run
//   {number}   of the message in the run, from 0
//   {sent_us}  wall time at which it was made, microseconds
//   {key}      "k17" for example; empty without keys
//   {fill}     as many x as bring the payload to its size
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/base/time.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

struct LoadMessage {
  std::uint64_t number = 0;
  std::string key{};  ///< empty: none
  std::string payload{};
};

class LoadMessages {
 public:
  /// A JSON object. A consumer finds run, number and time in it, wherever it stands.
  static constexpr const char* usual_form =
      R"({"run":"{run}","number":{number},"sent_us":{sent_us},"key":"{key}","fill":"{fill}"})";
  static constexpr std::size_t payload_bytes_max = std::size_t{1} << 20;

  /// Fails with `invalid_argument` if `form` without placeholders is larger than payload_bytes_max.
  [[nodiscard]] static Result<LoadMessages> make(const std::string& form, std::string run,
                                                 std::uint64_t keys, std::size_t payload_bytes);

  [[nodiscard]] LoadMessage message(std::uint64_t number, TimeUs now_us) const;
  [[nodiscard]] const std::string& run() const { return run_; }

 private:
  enum class Part : std::uint8_t { text, run, number, sent_us, key, fill };

  LoadMessages(std::string run, std::uint64_t keys, std::size_t payload_bytes)
      : run_(std::move(run)), keys_(keys), payload_bytes_(payload_bytes) {}

  std::string run_;
  std::uint64_t keys_;
  std::size_t payload_bytes_;
  std::vector<std::pair<Part, std::string>> parts_{};  ///< the text is that of Part::text
};

/// What a payload of the usual form says.
struct LoadMark {
  std::string run{};
  std::uint64_t number = 0;
  TimeUs sent_us = 0;
};
/// Nullopt: the payload is of another origin.
[[nodiscard]] std::optional<LoadMark> mark_of(std::string_view payload);

}  // namespace millrace::bench
