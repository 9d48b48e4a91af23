#pragma once

#include "actors/base/time.hpp"

namespace millrace::membership {

inline constexpr DurationUs second = 1'000'000;

}  // namespace millrace::membership
