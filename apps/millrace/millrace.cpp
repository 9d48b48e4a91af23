// The program millrace: the common command line with the order workflow, its simulation, and the
// benchmarks.
#include "apps/cli/program.hpp"
#include "apps/orders/audit/stopped_data.hpp"
#include "apps/orders/view/order_view.hpp"
#include "apps/simulate/standalone.hpp"

int main(int argc, char** argv) {
  using namespace millrace;
  return cli::run_program(
      argc, argv,
      {.description = "Millrace: actor pipelines that neither lose nor repeat work",
       .pipelines =
           [](const ProgramConfig& /*config*/) {
             return Result<std::vector<PipelineSpec>>(simulate::standalone_pipelines());
           },
       .resources = {orders::order_resource()},
       .commands = {cli::add_simulate, cli::add_order, cli::add_bench},
       .audit = orders::audit::add_order_checks});
}
