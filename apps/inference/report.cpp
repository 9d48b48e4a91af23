#include "apps/inference/report.hpp"

#include <algorithm>
#include <bit>
#include <functional>

#include <spdlog/fmt/fmt.h>

namespace millrace::inference {
namespace {

constexpr std::size_t bar_width = 40;

std::string milliseconds(DurationUs us) {
  return fmt::format("{:.0f} ms", static_cast<double>(us) / 1000);
}

std::string count_of(std::uint64_t part, std::uint64_t whole) {
  const double percent =
      whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0;
  return fmt::format("{} ({:.1f} %)", part, percent);
}

std::uint64_t refused(const CallerFigures& figures) {
  return figures.count(REFUSED) + figures.turned_away;
}

using Cell = std::function<std::string(const ScenarioFigures&)>;

std::string row(const std::string& name, const std::vector<NamedRun>& runs, const Cell& cell) {
  std::string line = fmt::format("  {:<20}", name);
  for (const NamedRun& run : runs) line += fmt::format("{:>22}", cell(run.figures));
  return line + "\n";
}

std::string summary(const std::vector<NamedRun>& runs) {
  std::string out = fmt::format("  {:<20}", "");
  for (const NamedRun& run : runs) out += fmt::format("{:>22}", run.name);
  out += "\n";
  const auto share = [](std::uint64_t (*part)(const CallerFigures&)) -> Cell {
    return [part](const ScenarioFigures& run) {
      const CallerFigures all = run.all();
      return count_of(part(all), all.asked);
    };
  };
  out += row("answers/s", runs,
             [](const auto& run) { return fmt::format("{:.1f}", run.answered_per_s()); });
  out += row("answered in time", runs, share([](const CallerFigures& f) { return f.in_time; }));
  out += row("answered late", runs,
             share([](const CallerFigures& f) { return f.count(ANSWERED) - f.in_time; }));
  out += row("refused early", runs, share(refused));
  out +=
      row("expired in queue", runs, share([](const CallerFigures& f) { return f.count(EXPIRED); }));
  out += row("rejected by model", runs,
             share([](const CallerFigures& f) { return f.count(REJECTED); }));
  out += row("mean batch", runs,
             [](const auto& run) { return fmt::format("{:.1f}", run.mean_batch()); });
  const auto waited = [](double fraction) -> Cell {
    return [fraction](const auto& run) {
      return milliseconds(run.all().waited.percentile(fraction));
    };
  };
  out += row("waited p50", runs, waited(0.5));
  out += row("waited p99", runs, waited(0.99));
  return out;
}

std::string tenant_table(const std::vector<Tenant>& tenants, const NamedRun& run) {
  std::string out = fmt::format(
      "\n{}\n  {:<10} {:>4} {:>8} {:>6} {:>9} {:>8} {:>8} {:>8} {:>7} {:>7} {:>7} {:>7}\n",
      run.name, "tenant", "prio", "deadline", "asked", "in time", "refused", "expired", "rejected",
      "w p50", "w p99", "a p50", "a p99");
  const auto ms = [](const LatencyHistogram& histogram, double fraction) {
    return histogram.percentile(fraction) / 1000;
  };
  for (std::size_t i = 0; i < tenants.size(); ++i) {
    const CallerFigures& f = run.figures.tenants.at(i);
    out += fmt::format(
        "  {:<10} {:>4} {:>5} ms {:>6} {:>9} {:>8} {:>8} {:>8} {:>7} {:>7} {:>7} {:>7}\n",
        tenants[i].name, tenants[i].priority, tenants[i].deadline.count(), f.asked, f.in_time,
        refused(f), f.count(EXPIRED), f.count(REJECTED), ms(f.waited, 0.5), ms(f.waited, 0.99),
        ms(f.total, 0.5), ms(f.total, 0.99));
  }
  return out + "  w: waited until the model began, a: until the answer came, in ms\n";
}

/// Histogram of the batch sizes: one bar for each of 1, 2-3, 4-7, ….
std::string batch_sizes(const NamedRun& run) {
  std::vector<std::uint64_t> octaves;
  for (std::size_t size = 1; size < run.figures.batches_by_size.size(); ++size) {
    const auto octave = static_cast<std::size_t>(std::bit_width(size) - 1);
    if (octaves.size() <= octave) octaves.resize(octave + 1);
    octaves[octave] += run.figures.batches_by_size[size];
  }
  const std::uint64_t most =
      octaves.empty() ? 0 : *std::max_element(octaves.begin(), octaves.end());
  std::string out = "\n  batch size    batches\n";
  for (std::size_t octave = 0; octave < octaves.size(); ++octave) {
    const std::size_t first = std::size_t{1} << octave;
    const std::string range = octave == 0 ? "1" : fmt::format("{}-{}", first, 2 * first - 1);
    const std::size_t width = most > 0 ? octaves[octave] * bar_width / most : 0;
    out += fmt::format("  {:<10} {:>10}  {}\n", range, octaves[octave], std::string(width, '#'));
  }
  return out;
}

}  // namespace

std::string report_text(const std::vector<Tenant>& tenants, const std::vector<NamedRun>& runs) {
  std::string out = summary(runs);
  for (const NamedRun& run : runs) {
    out += tenant_table(tenants, run);
    out += batch_sizes(run);
  }
  return out;
}

}  // namespace millrace::inference
