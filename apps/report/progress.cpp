#include "apps/report/progress.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ostream>

#include "apps/report/format.hpp"

namespace millrace::report {
namespace {

constexpr DurationUs terminal_interval = 100'000;
constexpr DurationUs plain_interval = 5'000'000;
constexpr DurationUs rate_window = 3'000'000;  // the rate shown is that of the last 3 s
constexpr int bar_width = 32;

constexpr const char* bar_color = "\033[32m";
constexpr const char* no_color = "\033[0m";
constexpr const char* rewrite = "\r\033[K";

// Formats the remaining time, rounded up to whole seconds; at most 99 h.
std::string eta_text(double seconds) {
  return short_duration(static_cast<DurationUs>(std::ceil(std::min(seconds, 356'400.0))) *
                        1'000'000);
}

// Returns bar and text, cut to `width` columns. Only the text is cut: cutting the bar could leave
// an incomplete colour escape. Without room for 20 columns of text, the bar is left out.
std::string cut(const std::string& bar, const std::string& text, int bar_columns, int width) {
  const int room = width - bar_columns;
  if (room < 20) return text.substr(0, static_cast<std::size_t>(std::max(0, width)));
  return bar + text.substr(0, static_cast<std::size_t>(room));
}

}  // namespace

void Progress::update(const ProgressState& state, TimeUs now_us) {
  const DurationUs interval = style_.terminal ? terminal_interval : plain_interval;
  if (!shown_at_) {
    recent_.emplace_back(now_us, state.finished);
    shown_at_ = now_us;
    return;
  }
  if (now_us - *shown_at_ < interval) return;
  shown_at_ = now_us;
  remember(state.finished, now_us);
  if (style_.terminal) {
    out_ << rewrite << line(state) << std::flush;
  } else {
    out_ << line(state) << '\n' << std::flush;
  }
  on_screen_ = style_.terminal;
}

void Progress::clear() {
  if (on_screen_) out_ << rewrite << std::flush;
  on_screen_ = false;
}

void Progress::remember(std::uint64_t finished, TimeUs now_us) {
  recent_.emplace_back(now_us, finished);
  while (recent_.size() > 2 && now_us - recent_[1].first >= rate_window) recent_.pop_front();
}

double Progress::rate_per_s() const {
  const auto [start_us, start] = recent_.front();
  const auto [end_us, end] = recent_.back();
  if (end_us <= start_us || end <= start) return 0;
  return static_cast<double>(end - start) / (static_cast<double>(end_us - start_us) / 1e6);
}

std::string Progress::bar(double share) const {
  const auto full = static_cast<int>(std::floor(share * bar_width));
  const std::string done(static_cast<std::size_t>(full), '#');
  const std::string open(static_cast<std::size_t>(bar_width - full), '-');
  return "[" + (style_.color ? bar_color + done + no_color : done) + open + "]";
}

std::string Progress::line(const ProgressState& state) const {
  const double rate = rate_per_s();
  std::string text;
  std::string drawn;
  if (state.total > 0) {
    const double share = std::clamp(
        static_cast<double>(state.finished) / static_cast<double>(state.total), 0.0, 1.0);
    std::array<char, 16> percent{};
    std::snprintf(percent.data(), percent.size(), "%d%%  ", static_cast<int>(100 * share));
    text = percent.data() + with_commas(state.finished) + "/" + with_commas(state.total);
    if (style_.terminal) drawn = bar(share) + " ";
  } else {
    text = with_commas(state.finished);
  }
  text += "  " + with_commas(static_cast<std::uint64_t>(rate)) + "/s";
  if (state.retried > 0) text += "  retried " + with_commas(state.retried);
  if (state.dead > 0) text += "  dead " + with_commas(state.dead);
  if (state.finished >= state.total && state.waiting > 0)
    text += "  " + with_commas(state.waiting) + " messages to go";
  if (rate > 0 && state.total > state.finished)
    text += "  ETA " + eta_text(static_cast<double>(state.total - state.finished) / rate);
  // The last column stays free: some terminals wrap once it is written.
  return style_.terminal ? cut(drawn, text, drawn.empty() ? 0 : bar_width + 3, style_.width - 1)
                         : text;
}

}  // namespace millrace::report
