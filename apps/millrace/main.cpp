#include "apps/millrace/main.hpp"

#include "apps/cli/program.hpp"

namespace millrace {

int main(int argc, char** argv, std::vector<PipelineSpec> pipelines) {
  return cli::run_program(
      argc, argv,
      {.description = "Pipelines that neither lose nor repeat work", .pipelines = [&pipelines] {
         return pipelines;
       }});
}

}  // namespace millrace
