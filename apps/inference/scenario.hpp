// One run of the inference service under load, from an empty data directory.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "actors/stage/stage_options.hpp"
#include "apps/inference/callers.hpp"
#include "apps/inference/load.hpp"
#include "apps/inference/model.hpp"
#include "messages/result.hpp"

namespace millrace::inference {

struct ScenarioOptions {
  std::filesystem::path data_dir;  ///< created; must not exist
  std::vector<Tenant> tenants = default_tenants();
  std::chrono::milliseconds duration{5'000};  ///< of the load
  double requests_per_s = 400;                ///< of all tenants together
  std::uint64_t seed = 42;
  Model::Options model{};
  BatchOptions batch{};
  std::size_t pending_max = 2'000;  ///< admitted and unanswered
  Wait wait = wait_really;          ///< used by the model
};

struct ScenarioFigures {
  std::vector<CallerFigures> tenants;  ///< in the order of the options
  std::vector<std::uint64_t> batches_by_size;
  double seconds = 0;            ///< until the last answer
  std::uint64_t unanswered = 0;  ///< callers without an answer
  std::uint64_t mismatched = 0;  ///< answers to another prompt

  [[nodiscard]] CallerFigures all() const;
  [[nodiscard]] double answered_per_s() const;
  [[nodiscard]] double mean_batch() const;
};

/// Runs the load on a new node and blocks until all callers have an answer. Fails with
/// `invalid_argument` if the data directory exists, or as Runtime does.
[[nodiscard]] Result<ScenarioFigures> run_scenario(const ScenarioOptions& options);

}  // namespace millrace::inference
