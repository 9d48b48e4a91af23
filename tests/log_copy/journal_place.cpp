// A data directory as the place of a log.
#include <memory>

#include <gtest/gtest.h>

#include "actors/base/temporary_directory.hpp"
#include "tests/log_copy/copy_place.hpp"

namespace millrace::logs {
namespace {

class JournalPlace final : public CopyPlace {
 public:
  JournalPlace() : directory_(*TemporaryDirectory::make("millrace-test-")) {}

  [[nodiscard]] engines::AnyLog log() const override {
    engines::LogOptions options{.data_dir = directory_.path() / "data"};
    options.journal.segment_bytes = 64U << 10;
    options.journal.record_bytes_max = 32U << 10;
    options.journal.group_bytes_max = 8U << 10;
    options.journal.free_bytes_min = 0;
    return options;
  }

 private:
  TemporaryDirectory directory_;
};

}  // namespace

std::unique_ptr<CopyPlace> make_journal_place() {
  return std::make_unique<JournalPlace>();
}

}  // namespace millrace::logs
