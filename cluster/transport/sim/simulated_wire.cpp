#include "cluster/transport/sim/simulated_wire.hpp"

#include <cstdint>
#include <cstring>

#include "cluster/transport/protocol/record.hpp"

namespace millrace::transport {
namespace {

bool happens(double probability, std::mt19937_64& random) {
  return probability > 0 && std::uniform_real_distribution<double>(0, 1)(random) < probability;
}

// Returns the length of the first record; 0 if the record is incomplete.
std::size_t first_record(std::string_view bytes) {
  if (bytes.size() < record_header_bytes) return 0;
  std::uint32_t body = 0;
  std::memcpy(&body, bytes.data(), sizeof body);
  return bytes.size() < record_header_bytes + body ? 0 : record_header_bytes + body;
}

bool is_frame(std::string_view record) {
  return record[4] == static_cast<char>(RecordKind::frame);
}

}  // namespace

std::vector<SimulatedWire::Arrival> SimulatedWire::carry(std::string_view written,
                                                         const Faults& faults, TimeUs now_us,
                                                         std::mt19937_64& random) {
  std::vector<Arrival> arrivals;
  unsplit_.append(written);
  std::size_t begin = 0;
  while (const std::size_t size = first_record(std::string_view(unsplit_).substr(begin))) {
    std::string record = unsplit_.substr(begin, size);
    begin += size;
    is_broken_ = is_broken_ || happens(faults.drop, random);
    if (is_broken_) continue;
    const DurationUs delay = std::uniform_int_distribution<DurationUs>(
        faults.delay_min_us, std::max(faults.delay_min_us, faults.delay_max_us))(random);
    last_arrival_us_ = std::max(last_arrival_us_, now_us + delay);
    if (is_frame(record) && happens(faults.repeat, random)) {
      arrivals.push_back({last_arrival_us_, record});
    }
    arrivals.push_back({last_arrival_us_, std::move(record)});
  }
  unsplit_.erase(0, begin);
  return arrivals;
}

}  // namespace millrace::transport
