#include "apps/simulate/node/slow_file_system.hpp"

#include <chrono>
#include <utility>

#include "actors/base/clock.hpp"

namespace millrace::simulate {
namespace {

class SlowFile final : public files::File {
 public:
  SlowFile(std::unique_ptr<files::File> file, const std::atomic<std::int64_t>& delay_us)
      : file_(std::move(file)), delay_us_(delay_us) {}

  Result<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
    return file_->read(offset, into);
  }
  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    return file_->write(offset, bytes);
  }
  Result<void> write_durable(std::uint64_t offset, std::string_view bytes) override {
    take_time();
    return file_->write_durable(offset, bytes);
  }
  Result<void> sync() override {
    take_time();
    return file_->sync();
  }
  Result<void> zero_fill(std::uint64_t bytes) override { return file_->zero_fill(bytes); }
  Result<std::uint64_t> size() override { return file_->size(); }

 private:
  void take_time() const {
    const std::int64_t delay_us = delay_us_;
    if (delay_us <= 0) return;
    pause_until(std::chrono::steady_clock::now() + std::chrono::microseconds(delay_us));
  }

  std::unique_ptr<files::File> file_;
  const std::atomic<std::int64_t>& delay_us_;
};

}  // namespace

Result<std::unique_ptr<files::File>> SlowFileSystem::open(const Path& path, files::OpenMode mode,
                                                          files::Access access) {
  auto file = files_.open(path, mode, access);
  if (!file) return file.error();
  return std::unique_ptr<files::File>(std::make_unique<SlowFile>(std::move(*file), delay_us_));
}

}  // namespace millrace::simulate
