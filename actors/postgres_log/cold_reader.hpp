// ColdReader: reads records back by their places, on sessions of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actors/log/frame.hpp"
#include "actors/postgres_log/options.hpp"
#include "actors/postgres_log/session/connector.hpp"

namespace millrace::postgres_log {

using logs::Lsn;
using logs::Place;
using logs::PlaceVisitor;
using logs::SegmentNumber;

/// Any thread may call read() concurrently.
class ColdReader {
 public:
  /// First record of a segment; empty: it was released. Called by read().
  using FirstLsnOf = std::function<std::optional<Lsn>(SegmentNumber)>;

  /// REQUIRES: connector and interrupt outlive the reader.
  ColdReader(Connector& connector, const Interrupt& interrupt, const Options& options,
             std::int32_t seat, FirstLsnOf first_lsn_of)
      : connector_(connector),
        interrupt_(interrupt),
        options_(options),
        seat_(seat),
        first_lsn_of_(std::move(first_lsn_of)) {}

  /// See logs::Log::read(). `draining`: the interrupt was raised.
  [[nodiscard]] Result<void> read(std::span<const Place> places, const PlaceVisitor& visit);

 private:
  struct Batch;
  [[nodiscard]] Result<void> read_batch(Session& session, Batch& batch, const PlaceVisitor& visit);
  [[nodiscard]] Result<std::unique_ptr<Session>> take_session();
  void give_back(std::unique_ptr<Session> session);

  static constexpr std::size_t idle_max = 2;     ///< sessions that are kept
  static constexpr std::size_t batch_max = 256;  ///< places that one statement reads

  Connector& connector_;
  const Interrupt& interrupt_;
  const Options options_;
  const std::int32_t seat_;
  const FirstLsnOf first_lsn_of_;
  std::mutex mutex_;  ///< guards idle_
  std::vector<std::unique_ptr<Session>> idle_;
};

}  // namespace millrace::postgres_log
