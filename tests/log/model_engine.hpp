// ModelEngine: the least engine that keeps the contract of actors/log/ over a server: one group in
// flight, no speed. It shows that the contract tests of outages and fences hold, and bite, without a
// database, and what an engine must do at each point.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "actors/log/engine.hpp"
#include "tests/log/log_fixture.hpp"
#include "tests/log/model_server.hpp"

namespace millrace::logs {

/// A fault that is built into the engine, to prove that the tests find it.
enum class ModelFault : std::uint8_t {
  none,
  epoch_not_checked,       ///< a commit does not check the epoch
  appends_again,           ///< after an outage, what was in doubt is appended again without looking
  confirms_in_doubt,       ///< a commit without an answer is confirmed
  row_is_enough,           ///< what is visible after an outage is confirmed without a marker
  releases_as_it_is_told,  ///< segments that a start needs are released
};

struct ModelOptions {
  ModelFault fault = ModelFault::none;
  std::size_t record_bytes_max = LogFixture::record_bytes_max;
  std::size_t group_bytes_max = 16u << 10;
  std::uint64_t segment_bytes = LogFixture::segment_bytes;
  std::chrono::milliseconds patience = LogFixture::patience;
};

class ModelEngine final : public Engine {
 public:
  /// REQUIRES: `server` outlives the engine.
  explicit ModelEngine(ModelServer& server, const ModelOptions& options = {})
      : server_(server), client_(server.make_client()), options_(options) {}

  [[nodiscard]] Result<std::unique_ptr<OpenedLog>> open(Opener opener) override;
  void cancel() override;
  [[nodiscard]] std::string where() const override { return "the model's server"; }

 private:
  ModelServer& server_;
  const ModelClient client_;
  const ModelOptions options_;
  std::atomic<bool> is_cancelled_ = false;
};

}  // namespace millrace::logs
