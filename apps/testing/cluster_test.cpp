#include "apps/testing/cluster_test.hpp"

#include <charconv>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/pipeline/validate.hpp"
#include "actors/stage/message_options.hpp"
#include "apps/testing/pipeline_cluster.hpp"

namespace millrace {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds hour{3'600'000};
constexpr milliseconds year = 365 * 24 * hour;
constexpr double rate_max = 500;

std::optional<std::uint64_t> from_environment(const char* name) {
  const char* const text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  if (text == nullptr) return std::nullopt;
  const std::string_view digits(text);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    throw std::invalid_argument(std::string(name) + ": expected a number, got \"" + text + '"');
  }
  return number;
}

template <class Value>
void expect(const char* name, Value value, Value least, Value most, const std::string& range) {
  if (value >= least && value <= most) return;
  throw std::invalid_argument(std::string(name) + ": expected " + range);
}

void check(const ClusterTestOptions& options) {
  expect("nodes", options.nodes, 1u, 26u, "1 to 26");
  expect("shards", options.shards, 1u, 256u, "1 to 256");
  expect("down_max", options.down_max, milliseconds(1), hour, "1 ms to 1 h");
  expect("settle_max", options.settle_max, milliseconds(0), year, "0 to 1 year");
  expect("timers_max", options.timers_max, milliseconds(0), year, "0 to 1 year");
}

void check(const Trouble& trouble) {
  const std::pair<const char*, double> rates[] = {
      {"crashes", trouble.crashes}, {"outages", trouble.outages}, {"drains", trouble.drains},
      {"moves", trouble.moves},     {"cuts", trouble.cuts},       {"breaks", trouble.breaks},
      {"losses", trouble.losses},   {"steps", trouble.steps}};
  for (const auto& [name, rate] : rates) expect(name, rate, 0.0, rate_max, "0 to 500 a second");
  expect("cut_max", trouble.cut_max, milliseconds(1), hour, "1 ms to 1 h");
  expect("step_max", trouble.step_max, milliseconds(1), year, "1 ms to 1 year");
}

void check(const std::vector<PipelineSpec>& pipelines) {
  if (auto valid = validate(pipelines); !valid) throw std::invalid_argument(valid.error().message);
  for (const PipelineSpec& pipeline : pipelines) {
    for (const StageSpec& stage : pipeline.stages) {
      if (!stage.is_external) continue;
      throw std::invalid_argument("pipeline " + pipeline.name + ", stage " + stage.name +
                                  ": it is external, and nobody runs it in a ClusterTest");
    }
  }
}

ClusterTestOptions with_final_seed(ClusterTestOptions options) {
  options.seed = from_environment("MILLRACE_SEED").value_or(options.seed);
  check(options);
  return options;
}

/// Broken links and failing handlers would flood the log of a test.
class QuietLog {
 public:
  explicit QuietLog(bool is_quiet) : was_(spdlog::get_level()) {
    if (is_quiet) spdlog::set_level(spdlog::level::off);
  }
  ~QuietLog() { spdlog::set_level(was_); }
  QuietLog(const QuietLog&) = delete;
  QuietLog& operator=(const QuietLog&) = delete;

 private:
  spdlog::level::level_enum was_;
};

}  // namespace

class ClusterTest::Parts {
 public:
  Parts(std::vector<PipelineSpec> pipelines, const ClusterTestOptions& options)
      : seed(options.seed), quiet(!options.logs), cluster(std::move(pipelines), options) {}

  std::uint64_t seed;
  QuietLog quiet;
  cluster_testing::PipelineCluster cluster;
};

ClusterTest::ClusterTest(std::vector<PipelineSpec> pipelines, ClusterTestOptions options) {
  options = with_final_seed(options);
  check(pipelines);
  parts_ = std::make_unique<Parts>(std::move(pipelines), options);
}

ClusterTest::~ClusterTest() = default;

void ClusterTest::send(const std::string& queue, const std::string& type, std::string key,
                       std::string payload, MessageOptions options) {
  const std::string& expected = parts_->cluster.ledger().type_of(queue);
  if (expected != type) {
    throw std::invalid_argument("queue " + queue + ": expected messages of type " + expected +
                                ", got " + type);
  }
  if (std::string wrong = check_options(options); !wrong.empty()) {
    throw std::invalid_argument(wrong);
  }
  parts_->cluster.send(queue, type, std::move(key), std::move(payload), std::move(options));
}

void ClusterTest::invariant(std::string promise,
                            std::function<bool(const ClusterTestView&)> holds) {
  parts_->cluster.add_invariant({std::move(promise), std::move(holds)});
}

void ClusterTest::at_end(std::string promise, std::function<bool(const ClusterTestView&)> holds) {
  parts_->cluster.add_at_end({std::move(promise), std::move(holds)});
}

void ClusterTest::run(milliseconds span) {
  expect("span", span, milliseconds(0), year, "0 to 1 year");
  parts_->cluster.run(span, nullptr);
}

void ClusterTest::run_with_trouble(milliseconds span, const Trouble& trouble) {
  expect("span", span, milliseconds(0), year, "0 to 1 year");
  check(trouble);
  parts_->cluster.run(span, &trouble);
}

ClusterReport ClusterTest::settle() {
  return parts_->cluster.settle();
}

const ClusterTestView& ClusterTest::view() const {
  return parts_->cluster.ledger();
}

std::uint64_t ClusterTest::seed() const {
  return parts_->seed;
}

ClusterReport for_each_seed(std::uint64_t first, std::uint64_t last,
                            const std::function<ClusterReport(std::uint64_t seed)>& run) {
  if (first > last) {
    throw std::invalid_argument("seeds: expected the first to be at most the last, got " +
                                std::to_string(first) + " and " + std::to_string(last));
  }
  if (const auto only = from_environment("MILLRACE_SEED")) return run(*only);
  std::uint64_t left = last - first;
  if (const auto seeds = from_environment("MILLRACE_SEEDS"); seeds && *seeds > 0) left = *seeds - 1;
  for (std::uint64_t seed = first;; ++seed, --left) {
    ClusterReport report = run(seed);
    if (!report || left == 0) return report;
  }
}

}  // namespace millrace
