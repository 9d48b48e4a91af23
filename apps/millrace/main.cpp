#include <iostream>
#include <CLI/CLI.hpp>
#include "apps/bench/pipeline_bench.hpp"
int main(int argc, char** argv) {
  millrace::bench::PipelineBenchOptions o;
  CLI::App app;
  app.add_option("--data-dir", o.data_dir)->required();
  app.add_option("--messages", o.messages);
  app.add_option("--shards", o.shards);
  app.add_option("--window", o.window);
  app.add_option("--rate", o.rate_per_s);
  app.add_flag("--keyed", o.keyed);
  CLI11_PARSE(app, argc, argv);
  auto r = millrace::bench::run_pipeline_bench(o);
  if (!r) { std::cerr << r.error().message << "\n"; return 1; }
  std::cout << r->messages_per_s << "/s p50 " << r->p50_us << " p99 " << r->p99_us << " p999 " << r->p999_us << " max " << r->max_us << " received " << r->received << " repeated " << r->repeated << " cpu " << r->cpu_s << " rss " << (r->rss_peak_bytes >> 20) << "MB\n";
}
