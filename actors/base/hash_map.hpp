// Hash tables of the runtime: Abseil's, with hash functions that let a std::string_view look up a
// std::string key without a copy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include "messages/hash.hpp"

namespace millrace {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return hash_key(text); }
};

struct StringEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a == b; }
};

/// Spreads consecutive numbers over all bits (finalizer of splitmix64, Steele et al., OOPSLA 2014).
struct NumberHash {
  std::size_t operator()(std::uint64_t number) const {
    number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9u;
    number = (number ^ (number >> 27)) * 0x94d049bb133111ebu;
    return number ^ (number >> 31);
  }
};

/// An id is a hash already, so combining its halves suffices.
struct MessageIdHash {
  std::size_t operator()(const MessageId& id) const { return id.high ^ id.low; }
};

template <class Value>
using StringMap = absl::flat_hash_map<std::string, Value, StringHash, StringEqual>;
template <class Value>
using NumberMap = absl::flat_hash_map<std::uint64_t, Value, NumberHash>;

}  // namespace millrace
