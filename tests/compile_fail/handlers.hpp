// Sound handlers, that each case wires in a wrong way.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "actors/pipeline/pipeline.hpp"
#include "tests/pipeline/shapes.pb.h"

namespace millrace::test {

struct Check {
  std::optional<Placed> operator()(const Placed& order) const { return order; }
};
struct Reserve {
  Outcome<Reserved> operator()(const Placed& /*order*/, Keyed<Stock>& /*stock*/) const {
    return Reserved();
  }
};
struct Recount {
  void operator()(const Placed& order, Keyed<Stock, Placed>& stock, const Context& /*context*/) {
    stock.change().set_left(1);
    stock.set_timer("recount", std::chrono::hours(24), order);
  }
};
struct Score {
  std::vector<Outcome<Reserved>> operator()(Batch<Reserved> batch) const {
    return std::vector<Outcome<Reserved>>(batch.size());
  }
};
struct Route {
  Routed operator()(const Placed& order) const { return Routed().to(queue<Placed>("log"), order); }
};
struct Sink {
  void operator()(const Reserved& /*reserved*/) const {}
};

inline auto keyed_input() {
  return queue<Placed>("in").key_by(&Placed::customer);
}

}  // namespace millrace::test
