// CostModel: what a batch costs the model.
#pragma once

#include <chrono>
#include <cstddef>

namespace millrace::inference {

/// A batch of n requests takes fixed + n · per_item: loading the weights dominates, so that larger
/// batches are cheaper by the request.
struct CostModel {
  std::chrono::microseconds fixed{20'000};
  std::chrono::microseconds per_item{1'000};

  [[nodiscard]] std::chrono::microseconds of(std::size_t requests) const {
    return fixed + per_item * static_cast<std::chrono::microseconds::rep>(requests);
  }
};

}  // namespace millrace::inference
