// DiskLog: the log of a simulated node on the real journal, over a disk that loses, tears and
// refuses writes. The simulation waits for the journal's threads, so that a run depends on the seed
// only.
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
#include <vector>

#include "actors/journal/journal.hpp"
#include "actors/testing/memory_log.hpp"
#include "tests/journal/faulty_file_system.hpp"

namespace millrace {

/// A crash is a power cut (unsynced writes are lost or torn) or the end of the process (no write is
/// lost). While the log is faulty, writes are refused, and power cuts occur in the middle of
/// writes.
class DiskLog final : public MemoryLog, private logs::Listener {
 public:
  explicit DiskLog(std::uint64_t seed);
  ~DiskLog() override;

  void set_faulty(bool is_faulty) { is_faulty_ = is_faulty; }
  /// Plants the fault Sabotage::syncs; see FaultyFileSystem.
  void lie_about_syncs() { files_.lie_about_syncs(); }
  /// Returns a confirmed record that was lost, in one line, or an empty text.
  [[nodiscard]] const std::string& violation() const { return violation_; }
  /// Returns the number of faults so far.
  [[nodiscard]] std::uint64_t faults() const { return faults_; }

  void crash() override;
  Result<void> reopen() override;
  void put_back(std::vector<std::string> records) override;

 private:
  enum class Fault : std::uint8_t { refusal, power_cut };
  /// The next fault: occurs after this number of operations of one thread or of the others.
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

  void on_committed(std::span<logs::Committed> group) override;
  void on_failed(const Error& error) override;

  const std::thread::id simulation_ = std::this_thread::get_id();
  const journal::Options options_;
  mutable journal::FaultyFileSystem files_;
  std::mt19937_64 random_;
  std::unique_ptr<journal::Journal> journal_;
  std::uint64_t directories_ = 0;  ///< that copies were put into; the last one is in use
  std::size_t superseded_ = 0;     ///< segments that the first write makes obsolete
  bool is_faulty_ = false;
  std::string violation_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Armed> armed_;
  std::uint64_t faults_ = 0;
  std::size_t committed_ = 0;  ///< of the records being written
  bool is_failed_ = false;
};

}  // namespace millrace
