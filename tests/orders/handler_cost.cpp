// Prints the CPU time of the handlers of the order workflow, and the duration of an audit. Not a
// test.
//
//     handler_cost [orders] [steps per order]
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "tests/orders/workflow_run.hpp"

int main(int argc, char** argv) {
  using namespace millrace::orders;
  testing::WorkflowOptions options{
      .seed = 42, .customers = 10'000, .skus = 1'000, .is_usual_load = true};
  options.orders = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20'000;
  options.steps_per_order = argc > 2 ? std::atoi(argv[2]) : 25;
  const testing::WorkflowRun run = testing::run_workflow(options);

  const auto began = std::chrono::steady_clock::now();
  const audit::AuditReport report = run.audit();
  const std::chrono::duration<double> audit_time = std::chrono::steady_clock::now() - began;

  const double us = static_cast<double>(run.handler_time.count()) / 1e3;
  const auto orders = static_cast<double>(options.orders);
  std::printf("%s  %.1f us an order, %.2f us a message, %.1f messages an order; audit %.2f s\n",
              report.passed() ? "PASS" : "FAIL", us / orders, us / static_cast<double>(run.handled),
              static_cast<double>(run.handled) / orders, audit_time.count());
  for (const auto& [status, count] : report.states) {
    std::printf("%-15s %6.2f %%\n", status.c_str(), 100.0 * static_cast<double>(count) / orders);
  }
  return report.passed() ? 0 : 4;
}
