#include "actors/runtime/recover.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/runtime/followed_store.hpp"

namespace millrace {
namespace {

// Whether `store` is as it was followed, and only the rest of the log is to be read.
bool take_followed(logs::OpenedLog& opened, RuntimeOptions& options, NodeStates& states,
                   Store& store) {
  if (!options.followed) return false;
  FollowedStore& followed = *options.followed;
  Result<void> holds = followed.check(options);
  if (holds) holds = opened.check_followed(followed.mark());
  if (!holds) {
    spdlog::info("what was followed of the log does not hold: {}", holds.error().message);
    options.followed.reset();  // its memory is needed for the log
    return false;
  }
  options.state_dir = followed.options().state_dir;
  states = std::move(followed.states());
  store = std::move(followed.store());
  states.opened(opened.files(), store);
  return true;
}

}  // namespace

Result<logs::Recovered> recover(logs::OpenedLog& opened, RuntimeOptions& options,
                                NodeStates& states, Store& store) {
  const auto began = std::chrono::steady_clock::now();
  const bool is_warm = take_followed(opened, options, states, store);
  std::uint64_t records = 0;
  const auto on_frame = [&](const logs::Frame& frame) {
    ++records;
    return store.apply(frame);
  };
  const auto read = [&] {
    if (is_warm) return opened.recover_rest(options.followed->mark(), on_frame);
    states.begin(options, store);
    states.opened(opened.files(), store);
    return opened.recover(
        [&](logs::Section /*section*/, std::string_view part) { return store.load(part); },
        on_frame);
  };
  Result<logs::Recovered> recovered = read();
  if (recovered && opened.epoch() != 0) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began);
    spdlog::info("took the log over {}: {} records were left to read, which took {} ms",
                 is_warm ? "warm" : "cold", records, took.count());
  }
  return recovered;
}

}  // namespace millrace
