// The program: `shop node -c a.toml` runs the pipeline, `shop dev --nodes 3` a cluster of it. The config file
// may have a table of the shop's own:
//
//     [shop]
//     stock = 20
#include "shop.hpp"

#include <utility>
#include <vector>

#include "millrace/main.hpp"

int main(int argc, char** argv) {
  millrace::Program program;
  program.description = "A shop that reserves what is ordered";
  program.keys = {{.path = "shop.stock",
                   .type = millrace::ConfigKey::Type::integer,
                   .fallback = "10",
                   .doc = "Articles of each kind at first.",
                   .min = 1,
                   .max = 1'000'000}};
  program.pipelines = [](const millrace::ProgramConfig& config) {
    const auto stock = static_cast<std::uint32_t>(config.integer("shop.stock"));
    return millrace::Result<std::vector<millrace::PipelineSpec>>({shop::orders(stock)});
  };
  return millrace::main(argc, argv, std::move(program));
}
