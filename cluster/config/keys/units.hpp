#pragma once

#include <cstdint>

/// The units in which the tables of keys give defaults and limits.
namespace millrace::config {

// Spans of time, in microseconds.
inline constexpr std::int64_t ms = 1'000;
inline constexpr std::int64_t second = 1'000 * ms;
inline constexpr std::int64_t hour = 3'600 * second;
inline constexpr std::int64_t day = 24 * hour;

// Sizes, in bytes.
inline constexpr std::int64_t kib = 1 << 10;
inline constexpr std::int64_t mib = 1 << 20;
inline constexpr std::int64_t gib = 1 << 30;

}  // namespace millrace::config
