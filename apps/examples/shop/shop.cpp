// The program: `shop node -c a.toml` runs the pipeline, `shop dev --nodes 3` a cluster of it.
#include "shop.hpp"

#include "millrace/main.hpp"

int main(int argc, char** argv) {
  return millrace::main(argc, argv, {shop::orders()});
}
