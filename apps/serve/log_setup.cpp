#include "apps/serve/log_setup.hpp"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/async.h>
#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "actors/base/log_queue.hpp"
#include "apps/serve/log_sink.hpp"

namespace millrace::serve {
namespace {

/// For the rest of the queue when the process ends.
constexpr std::chrono::milliseconds end_max{1'000};

/// A name that may change while lines are written. Thread-safe.
class NodeName {
 public:
  explicit NodeName(std::string name) : name_(std::move(name)) {}
  void set(const std::string& name) {
    const std::lock_guard lock(mutex_);
    name_ = name;
  }
  [[nodiscard]] std::string get() const {
    const std::lock_guard lock(mutex_);
    return name_;
  }

 private:
  mutable std::mutex mutex_;
  std::string name_;
};

std::shared_ptr<NodeName> the_name;     ///< of the default logger; set once, before it is used
std::shared_ptr<PatientSink> the_sink;  ///< of the default logger; set once, before it is used

void flush_queue() {
  const std::uint64_t before = the_sink->flushes();
  spdlog::default_logger()->flush();
  the_sink->wait_for_flush(before, end_max);
}

std::uint64_t lines_dropped() {
  const auto pool = spdlog::thread_pool();
  return (pool ? pool->overrun_counter() : 0) + the_sink->dropped();
}

constexpr const char* text_pattern = "%Y-%m-%dT%H:%M:%S.%eZ %-8l %v";

// One JSON object per line. A spdlog pattern cannot do it: patterns do not escape quotes in
// messages.
class JsonFormatter final : public spdlog::formatter {
 public:
  explicit JsonFormatter(std::shared_ptr<NodeName> node) : node_(std::move(node)) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const auto since = message.time.time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
    const std::time_t second = std::chrono::system_clock::to_time_t(message.time);
    nlohmann::ordered_json line;
    line["time"] = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(second), ms % 1'000);
    const auto level = spdlog::level::to_string_view(message.level);
    line["level"] = std::string(level.data(), level.size());
    line["node"] = node_->get();
    line["thread"] = message.thread_id;
    line["message"] = std::string(message.payload.data(), message.payload.size());
    const std::string text =
        line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
    out.append(text.data(), text.data() + text.size());
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>(node_);
  }

 private:
  std::shared_ptr<NodeName> node_;
};

spdlog::level::level_enum to_spdlog(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::trace:
      return spdlog::level::trace;
    case config::LogLevel::debug:
      return spdlog::level::debug;
    case config::LogLevel::info:
      return spdlog::level::info;
    case config::LogLevel::warn:
      return spdlog::level::warn;
    case config::LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

std::unique_ptr<spdlog::formatter> json_formatter(std::string node) {
  return std::make_unique<JsonFormatter>(std::make_shared<NodeName>(std::move(node)));
}

void set_up_log(const config::LogConfig& config, const std::string& node) {
  spdlog::init_thread_pool(log_queue_lines, 1);
  auto sink = std::make_shared<PatientSink>(STDERR_FILENO);
  auto logger = std::make_shared<spdlog::async_logger>(
      "millrace", sink, spdlog::thread_pool(), spdlog::async_overflow_policy::overrun_oldest);
  the_sink = std::move(sink);
  the_name = std::make_shared<NodeName>(node);
  if (config.format == config::LogFormat::json) {
    logger->set_formatter(std::make_unique<JsonFormatter>(the_name));
  } else {
    logger->set_pattern(text_pattern, spdlog::pattern_time_type::utc);
  }
  spdlog::set_default_logger(std::move(logger));
  set_log_level(config.level);
  set_log_queue({flush_queue, lines_dropped});
  // Runs before the queue is destroyed, which waits for its thread.
  std::atexit([] { the_sink->give_up_at(std::chrono::steady_clock::now() + end_max); });
}

void set_log_node(const std::string& node) {
  if (the_name) the_name->set(node);
}

void set_log_level(config::LogLevel level) {
  spdlog::set_level(to_spdlog(level));
}

}  // namespace millrace::serve
