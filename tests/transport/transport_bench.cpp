// Benchmark of a link between two processes on loopback, with and without TLS: MB/s in frames of 64
// KiB and round trips of frames of 200 bytes. Not a test; run it on an idle machine.
//   transport_bench [SECONDS]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <vector>

#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/transport/net/caf_transport.hpp"
#include "tests/transport/test_certificates.hpp"

namespace millrace::transport {
namespace {

using Clock = std::chrono::steady_clock;
constexpr FrameKind load{1};
constexpr FrameKind echo{2};

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

double cpu_seconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// A flag on which one thread waits until another sets it.
class Signal {
 public:
  void raise() {
    const std::lock_guard lock(mutex_);
    ++raised_;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return raised_ > 0; });
    --raised_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int raised_ = 0;
};

class EchoListener : public TransportListener {
 public:
  Transport* transport = nullptr;
  void on_up(const std::string&, std::uint64_t) override {}
  void on_frame(const std::string& peer, Frame frame, Credit) override {
    if (frame.kind == echo) (void)transport->send(peer, std::move(frame));
  }
  void on_writable(const std::string&) override {}
  void on_down(const std::string&, const Error&) override {}
};

class DrivingListener : public TransportListener {
 public:
  Signal up;
  Signal frame;
  Signal writable;
  void on_up(const std::string&, std::uint64_t) override { up.raise(); }
  void on_frame(const std::string&, Frame, Credit) override { frame.raise(); }
  void on_writable(const std::string&) override { writable.raise(); }
  void on_down(const std::string&, const Error&) override {}
};

TransportOptions options(const TestAuthority& authority, bool is_tls, const std::string& node,
                         const std::string& peer, std::uint16_t port) {
  TransportOptions made;
  made.own = {"bench", node, 1, 1};
  made.peers = {{peer, {"127.0.0.1", port}}};
  if (is_tls) made.tls = authority.issue(node);
  return made;
}

[[noreturn]] void serve(const TransportOptions& own, int report) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  EchoListener listener;
  auto made = CafTransport::make(own);
  if (!made) std::_Exit(1);
  listener.transport = made->get();
  if (!(*made)->start(listener)) std::_Exit(1);
  const std::uint16_t port = (*made)->port();
  (void)!write(report, &port, sizeof port);
  for (;;) pause();
}

void measure_throughput(Transport& transport, DrivingListener& listener, double seconds,
                        const char* name) {
  const std::string body(64 * 1024, 'x');
  const auto begun = Clock::now();
  const double cpu = cpu_seconds(RUSAGE_SELF);
  std::size_t sent = 0;
  while (seconds_since(begun) < seconds) {
    if (transport.send("b", {load, body})) {
      ++sent;
    } else {
      listener.writable.wait();
    }
  }
  const double took = seconds_since(begun);
  std::printf("%-5s throughput  %6.0f MB/s  (64 KiB frames, sender %.2f cores)\n", name,
              static_cast<double>(sent * body.size()) / took / 1e6,
              (cpu_seconds(RUSAGE_SELF) - cpu) / took);
}

void measure_round_trip(Transport& transport, DrivingListener& listener, double seconds,
                        const char* name) {
  std::vector<double> took_us;
  const auto begun = Clock::now();
  while (seconds_since(begun) < seconds) {
    const auto sent = Clock::now();
    if (!transport.send("b", {echo, std::string(200, 'x')})) continue;
    listener.frame.wait();
    took_us.push_back(seconds_since(sent) * 1e6);
  }
  std::sort(took_us.begin(), took_us.end());
  std::printf("%-5s round trip  p50 %.0f us  p99 %.0f us  (200 B, %zu of them)\n", name,
              took_us[took_us.size() / 2], took_us[took_us.size() * 99 / 100], took_us.size());
}

void measure(bool is_tls, double seconds) {
  const char* const name = is_tls ? "tls" : "plain";
  const TestAuthority authority;
  const auto served = options(authority, is_tls, "b", "a", 1);
  int ends[2];
  if (pipe(ends) != 0) return;
  const pid_t child = fork();
  if (child == 0) serve(served, ends[1]);
  std::uint16_t port = 0;
  (void)!read(ends[0], &port, sizeof port);
  DrivingListener listener;
  auto made = CafTransport::make(options(authority, is_tls, "a", "b", port));
  if (made && (*made)->start(listener)) {
    listener.up.wait();
    measure_throughput(**made, listener, seconds, name);
    measure_round_trip(**made, listener, seconds, name);
    (void)(*made)->stop();
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace millrace::transport

int main(int argc, char** argv) {
  spdlog::set_level(spdlog::level::err);
  const double seconds = argc > 1 ? std::atof(argv[1]) : 5;
  millrace::transport::measure(false, seconds);
  millrace::transport::measure(true, seconds);
}
