#include "apps/report/charts/scale.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "apps/report/format.hpp"

namespace millrace::report {
namespace {

constexpr double steps_max = 5;  // labelled steps of a vertical axis

// Returns the smallest step >= least of the form 1, 2 or 5 times a power of ten.
double round_step(double least) {
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

// Returns the smallest power of two >= least: the step for an axis in bytes.
double round_step_bytes(double least) {
  return std::exp2(std::ceil(std::log2(least) - 1e-9));
}

Scale from_zero(double step, double end, const std::function<std::string(double)>& label) {
  Scale scale;
  scale.position = [end](double value) {
    return value / end;
  };
  const int count = static_cast<int>(std::floor(end / step + 1e-9));
  for (int i = 0; i <= count; ++i)
    scale.ticks.push_back({i * step / end, label(i * step), i % 2 == 1 && i != count});
  return scale;
}

// A scale from 0 to the first multiple of `step` that is not below `top`.
Scale covering(double step, double top, const std::function<std::string(double)>& label) {
  return from_zero(step, step * std::max(1.0, std::ceil(top / step - 1e-9)), label);
}

std::string time_label(double seconds, double step) {
  if (step < 60) return three_digits(seconds) + " s";
  if (step < 3600) return three_digits(seconds / 60) + " min";
  return three_digits(seconds / 3600) + " h";
}

// Label of a power of ten, in microseconds: "100 s" instead of "1m40s".
std::string decade_label(double us) {
  if (us >= 1e8) return three_digits(us / 1e6) + " s";
  return short_duration(static_cast<DurationUs>(std::llround(us)), " ");
}

}  // namespace

Scale count_scale(double top) {
  return covering(std::max(1.0, round_step(std::max(top, 1.0) / steps_max)), top, short_count);
}

Scale bytes_scale(double top) {
  return covering(round_step_bytes(std::max(top, 1024.0) / steps_max), top, short_bytes);
}

Scale duration_scale(double lowest, double highest) {
  const double low = std::floor(std::log10(std::max(lowest, 1.0)));
  const double high = std::max(low + 1, std::ceil(std::log10(std::max(highest, 1.0)) - 1e-9));
  Scale scale;
  scale.shows_zero = false;
  scale.position = [low, high](double value) {
    return (std::log10(std::max(value, 1e-9)) - low) / (high - low);
  };
  const bool few = high - low <= 2;  // at most two decades: label 2 and 5 within them, too
  const int decades = static_cast<int>(high - low);
  for (int decade = 0; decade <= decades; ++decade) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double value = factor * std::pow(10, low + decade);
      if ((factor > 1 && !few) || scale.position(value) > 1 + 1e-9) continue;
      scale.ticks.push_back({scale.position(value), decade_label(value), factor > 1});
    }
  }
  return scale;
}

Scale time_scale(double end) {
  constexpr std::array steps{0.1, 0.2,  0.5,  1.0,  2.0,  5.0,   10.0,  15.0,  30.0,
                             60., 120., 300., 600., 900., 1800., 3600., 7200., 14400.};
  constexpr double room = 8;
  end = std::max(end, 0.1);
  const auto* fitting =
      std::find_if(steps.begin(), steps.end(), [&](double step) { return end / step <= room; });
  const double step = fitting == steps.end() ? round_step(end / room / 3600) * 3600 : *fitting;
  Scale scale = from_zero(step, end, [step](double value) { return time_label(value, step); });
  for (std::size_t i = 0; i < scale.ticks.size(); ++i) scale.ticks[i].minor = i % 2 == 1;
  return scale;
}

Scale percentile_scale(double count) {
  const double nines = std::clamp(std::log10(std::max(count, 1.0)), 2.0, 6.0);
  Scale scale;
  scale.position = [nines](double share) {
    return -std::log10(std::max(1 - share, 1e-9)) / nines;
  };
  scale.ticks = {{0, "0 %"}};
  for (int nine = 1; nine <= static_cast<int>(nines); ++nine) {
    const double share = 1 - std::pow(10, -nine);
    std::array<char, 32> label{};
    std::snprintf(label.data(), label.size(), "%.*f %%", std::max(0, nine - 2), 100 * share);
    scale.ticks.push_back({scale.position(share), label.data(), nine % 2 == 0});
  }
  return scale;
}

}  // namespace millrace::report
