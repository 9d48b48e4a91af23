#include "apps/bench/raw_writer.hpp"

#include <cstring>
#include <utility>

#include "actors/journal/format/format.hpp"
#include "apps/bench/timing.hpp"

namespace millrace::bench {
namespace {

constexpr std::uint64_t file_bytes = 64U << 20;

}  // namespace

Result<RawWriter> RawWriter::open(const std::filesystem::path& path, std::size_t bytes) {
  auto file = files::posix_file_system().open(path, files::OpenMode::create, files::Access::direct);
  if (!file) return file.error();
  if (Result<void> filled = (*file)->zero_fill(file_bytes); !filled) return filled.error();
  return RawWriter{*std::move(file), journal::align_up(bytes, journal::block_bytes)};
}

RawWriter::RawWriter(std::unique_ptr<files::File> file, std::size_t bytes)
    : file_(std::move(file)), bytes_(bytes), buffer_(bytes) {
  std::memset(buffer_.data(), 'm', bytes);
}

Result<void> RawWriter::run(Clock::time_point until) {
  const Clock::time_point begin = Clock::now();
  Clock::time_point now = begin;
  while (now < until) {
    if (offset_ + bytes_ > file_bytes) offset_ = 0;
    if (Result<void> done = file_->write(offset_, buffer_.view(0, bytes_)); !done) return done;
    if (Result<void> done = file_->sync(); !done) return done;
    offset_ += bytes_;
    const Clock::time_point after = Clock::now();
    latencies_us_.push_back(seconds_between(now, after) * 1e6);
    now = after;
  }
  seconds_ += seconds_between(begin, now);
  return {};
}

Result<double> measure_raw_writes(const std::filesystem::path& dir, std::size_t bytes) {
  const std::filesystem::path path = dir / "raw";
  auto writer = RawWriter::open(path, bytes);
  if (!writer) return writer.error();
  if (auto done = writer->run(RawWriter::Clock::now() + std::chrono::seconds(1)); !done) {
    return done.error();
  }
  if (auto removed = files::posix_file_system().remove(path); !removed) return removed.error();
  return writer->writes_per_s();
}

}  // namespace millrace::bench
