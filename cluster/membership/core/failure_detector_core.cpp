#include "cluster/membership/core/failure_detector_core.hpp"

#include <algorithm>
#include <cmath>

namespace millrace::membership {

FailureDetector::FailureDetector(const DetectorLimits& limits, SteadyUs now_us)
    : limits_(limits), last_us_(now_us) {
  // Start with only two samples around the estimate, so that real intervals soon outweigh them.
  const DurationUs spread_us = limits_.interval_first_us / 4;
  learn(limits_.interval_first_us - spread_us);
  learn(limits_.interval_first_us + spread_us);
}

void FailureDetector::heartbeat(SteadyUs now_us, bool regular) {
  if (regular && available(now_us)) learn(std::max<DurationUs>(now_us - last_us_, 0));
  last_us_ = std::max(last_us_, now_us);
}

void FailureDetector::learn(DurationUs interval_us) {
  intervals_us_.push_back(interval_us);
  if (intervals_us_.size() > limits_.samples) intervals_us_.pop_front();
  const auto count = static_cast<double>(intervals_us_.size());
  double sum = 0;
  for (const DurationUs each : intervals_us_) sum += static_cast<double>(each);
  mean_us_ = sum / count;
  double squares = 0;
  for (const DurationUs each : intervals_us_) {
    const double off = static_cast<double>(each) - mean_us_;
    squares += off * off;
  }
  deviation_us_ = std::sqrt(squares / count);
}

double FailureDetector::phi(SteadyUs now_us) const {
  // Approximates the tail of the normal distribution by a logistic function, as Akka does; the
  // error is below 0.00014.
  const double silence_us = static_cast<double>(now_us - last_us_);
  const double mean_us = mean_us_ + static_cast<double>(limits_.pause_acceptable_us);
  const double deviation_us =
      std::max(deviation_us_, static_cast<double>(limits_.deviation_min_us));
  const double y = (silence_us - mean_us) / deviation_us;
  const double exponent = -y * (1.5976 + 0.070566 * y * y);
  // log10(e^x / (1 + e^x)) in a form that overflows for no x.
  const double tail =
      exponent > 0 ? -std::log1p(std::exp(-exponent)) : exponent - std::log1p(std::exp(exponent));
  return -tail / std::log(10.0);
}

}  // namespace millrace::membership
