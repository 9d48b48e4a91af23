#include "apps/simulate/plan/witness_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <system_error>
#include <utility>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/base/assert.hpp"

namespace millrace::simulate {
namespace {

// Bytes from the head to the order pages, which start at a cache line.
constexpr std::size_t pages_offset = (sizeof(WitnessHead) + 63) / 64 * 64;

std::size_t bytes_for(std::uint64_t orders) {
  return pages_offset + orders * sizeof(OrderPage);
}

Error failed(ErrorCode code, const char* what) {
  return {code, std::string("memory for the run's witness: ") + what + ": " +
                    std::system_category().message(errno)};
}

}  // namespace

Result<WitnessMemory> WitnessMemory::create(std::uint64_t orders, std::uint32_t nodes) {
  MILLRACE_ASSERT(nodes >= 1 && nodes <= node_max);
  const int fd = memfd_create("millrace-witness", 0);
  if (fd < 0) return failed(ErrorCode::storage_full, "create");
  const std::size_t bytes = bytes_for(orders);
  if (ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
    const Error error = failed(ErrorCode::storage_full, "size");
    close(fd);
    return error;
  }
  void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) {
    const Error error = failed(ErrorCode::storage_full, "map");
    close(fd);
    return error;
  }
  WitnessMemory memory(fd, base, bytes);
  memory.head().orders = orders;
  memory.head().nodes = nodes;
  return memory;
}

Result<WitnessMemory> WitnessMemory::open(int fd) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) return failed(ErrorCode::invalid_argument, "look at");
  const auto bytes = static_cast<std::size_t>(status.st_size);
  if (bytes < pages_offset) {
    return Error{ErrorCode::invalid_argument, "the given descriptor is no witness memory"};
  }
  void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) return failed(ErrorCode::invalid_argument, "map");
  WitnessMemory memory(fd, base, bytes);
  if (bytes_for(memory.head().orders) != bytes || memory.head().nodes > node_max) {
    return Error{ErrorCode::invalid_argument, "the given descriptor is no witness memory"};
  }
  return memory;
}

WitnessMemory::~WitnessMemory() {
  if (base_ == nullptr) return;
  munmap(base_, bytes_);
  close(fd_);
}

WitnessMemory::WitnessMemory(WitnessMemory&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      base_(std::exchange(other.base_, nullptr)),
      bytes_(other.bytes_) {}

std::span<OrderPage> WitnessMemory::orders() const {
  auto* pages = reinterpret_cast<OrderPage*>(static_cast<char*>(base_) + pages_offset);
  return {pages, head().orders};
}

std::uint64_t WitnessHead::offered() const {
  std::uint64_t sum = 0;
  for (const NodePage& page : in_use()) sum += page.offered;
  return sum;
}

std::uint64_t WitnessHead::finished() const {
  std::uint64_t sum = 0;
  for (const NodePage& page : in_use()) sum += page.finished;
  return sum;
}

LatencyHistogram WitnessHead::latency() const {
  LatencyHistogram sum;
  for (const NodePage& page : in_use()) sum.merge(page.latency.snapshot());
  return sum;
}

void recount(WitnessMemory& witness, std::uint32_t node) {
  std::uint64_t offered = 0;
  std::uint64_t finished = 0;
  std::array<std::uint64_t, state_max> outcomes{};
  const auto pages = witness.orders();
  for (std::size_t number = 0; number < pages.size(); ++number) {
    const bool is_own = placing_node(number, witness.head().nodes) == node;
    if (is_own && pages[number].due_us != 0) ++offered;
    const std::uint16_t outcome = pages[number].outcome;
    if (outcome == 0 || outcome >> 8 != node) continue;
    ++finished;
    ++outcomes[status_of(outcome) % state_max];
  }
  NodePage& page = witness.head().node[node];
  page.offered = offered;
  page.finished = finished;
  std::copy(outcomes.begin(), outcomes.end(), page.outcomes.begin());
}

std::uint64_t order_number(std::string_view order_id) {
  std::uint64_t number = 0;
  if (order_id.size() < 2 || order_id.front() != 'o')
    return std::numeric_limits<std::uint64_t>::max();
  const auto [end, error] =
      std::from_chars(order_id.data() + 1, order_id.data() + order_id.size(), number);
  if (error != std::errc() || end != order_id.data() + order_id.size()) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  return number;
}

orders::GatewayBook& WitnessBooks::book(std::string_view order_id) {
  const std::uint64_t number = order_number(order_id);
  MILLRACE_ASSERT(number < pages_.size());
  return pages_[number].book;
}

}  // namespace millrace::simulate
