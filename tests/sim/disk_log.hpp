// DiskLog: the log of a node in a simulation on the real journal, over a disk that loses, tears and
// refuses. The journal's threads run while the simulation waits for them, so that a seed decides
// what happens.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <thread>

#include "actors/journal/journal.hpp"
#include "actors/testing/memory_log.hpp"
#include "tests/journal/faulty_file_system.hpp"

namespace millrace {

/// A crash is a power cut (what was not synced is lost, or torn) or the end of the process (nothing
/// is lost). Refusals and power cuts in the middle of writes come while it is faulty.
class DiskLog final : public MemoryLog, private journal::Listener {
 public:
  explicit DiskLog(std::uint64_t seed);
  ~DiskLog() override;

  void set_faulty(bool is_faulty) { is_faulty_ = is_faulty; }
  /// Breaks it on purpose: see FaultyFileSystem.
  void lie_about_syncs() { files_.lie_about_syncs(); }
  /// What was confirmed, and is not there any more, in one line; else empty.
  [[nodiscard]] const std::string& violation() const { return violation_; }
  /// Faults that came so far.
  [[nodiscard]] std::uint64_t faults() const { return faults_; }

  void crash() override;
  Result<void> reopen() override;

 private:
  enum class Fault : std::uint8_t { refusal, power_cut };
  /// The fault that comes next: after so many operations of one thread, or of others.
  struct Armed {
    Fault fault = Fault::refusal;
    std::uint64_t operations = 0;
    bool is_for_this_thread = false;
  };

  std::size_t write(std::span<const std::string> bodies) override;
  Result<void> open();
  void compare(const std::vector<std::string>& found);
  void arm(bool is_for_this_thread, std::uint64_t operations_max);
  std::optional<Error> on_operation();
  [[nodiscard]] bool has_room_for(std::span<const std::string> bodies) const;
  void settle() const;

  void on_committed(std::span<journal::Committed> group) override;
  void on_failed(const Error& error) override;

  const std::thread::id simulation_ = std::this_thread::get_id();
  const journal::Options options_;
  mutable journal::FaultyFileSystem files_;
  std::mt19937_64 random_;
  std::unique_ptr<journal::Journal> journal_;
  std::size_t superseded_ = 0;  ///< segments that the first write sets free
  bool is_faulty_ = false;
  std::string violation_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Armed> armed_;
  std::uint64_t faults_ = 0;
  std::size_t committed_ = 0;  ///< of what is being written
  bool is_failed_ = false;
};

}  // namespace millrace
