#include "apps/bench/pipeline_bench.hpp"

#include <chrono>
#include <memory>

#include "actors/runtime/runtime.hpp"
#include "apps/bench/parcel_pipeline.hpp"
#include "apps/bench/raw_writer.hpp"
#include "apps/bench/resources.hpp"
#include "apps/bench/timing.hpp"

namespace millrace::bench {
namespace {

constexpr double hops = 3;

}  // namespace

Result<PipelineBenchFigures> run_pipeline_bench(const PipelineBenchOptions& options) {
  auto raw_batches_per_s =
      measure_raw_writes(options.data_dir.parent_path(), limit_batch * options.payload_bytes);
  if (!raw_batches_per_s) return raw_batches_per_s.error();
  auto tally = std::make_unique<Tally>(options.messages);
  RuntimeOptions runtime_options;
  runtime_options.data_dir = options.data_dir;
  runtime_options.engine = options.engine;
  runtime_options.shards = options.shards;
  auto runtime =
      Runtime::start(runtime_options, {parcel_pipeline(options.keyed, options.shards, *tally)});
  if (!runtime) return runtime.error();
  auto sender = (*runtime)->sender(placed_queue(options.keyed),
                                   {.producer = "bench", .limits = {.window = options.window}});
  if (!sender) return sender.error();

  const double cpu_before_s = cpu_seconds();
  const std::uint64_t written_before = written_bytes();
  const auto begin = Steady::now();
  const auto produced = produce(*sender, {.messages = options.messages,
                                          .payload_bytes = options.payload_bytes,
                                          .rate_per_s = options.rate_per_s});
  if (!produced) return produced.error();
  tally->wait(patience);
  const double seconds = std::chrono::duration<double>(Steady::now() - begin).count();

  PipelineBenchFigures figures;
  if (auto stopped = (*runtime)->stop(); !stopped) return stopped.error();
  static_cast<SinkFigures&>(figures) = tally->figures();
  figures.messages_per_s = static_cast<double>(options.messages) / seconds;
  figures.limit_per_s = *raw_batches_per_s * limit_batch / hops;
  figures.ratio = figures.messages_per_s / figures.limit_per_s;
  figures.cpu_s = cpu_seconds() - cpu_before_s;
  figures.rss_peak_bytes = rss_peak_bytes();
  figures.written_bytes = written_bytes() - written_before;
  return figures;
}

}  // namespace millrace::bench
