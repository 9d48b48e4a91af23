#include "cluster/node/seat_config.hpp"

#include <algorithm>

#include "cluster/config/address.hpp"

namespace millrace::cluster {
namespace {

/// Share of the shards of a node that no configuration names: the default of cluster.nodes[].weight.
constexpr std::uint32_t weight = 100;

// What another process has written is not trusted to be an address.
std::string checked(const std::string& address) {
  const auto parsed = config::parse_address(address);
  return parsed && parsed->port != 0 ? address : std::string();
}

}  // namespace

config::Config with_seats(config::Config config, const std::vector<postgres_log::Seat>& seats) {
  if (config.has_seats()) {
    for (const postgres_log::Seat& seat : seats) {
      config.cluster.nodes.push_back({.name = seat.name,
                                      .address = checked(seat.address),
                                      .http = checked(seat.http),
                                      .weight = weight});
    }
    return config;
  }
  for (config::MemberConfig& member : config.cluster.nodes) {
    const auto seat = std::find_if(seats.begin(), seats.end(),
                                   [&](const auto& each) { return each.name == member.name; });
    if (seat == seats.end()) continue;
    if (member.address.empty()) member.address = checked(seat->address);
    if (member.http.empty()) member.http = checked(seat->http);
  }
  return config;
}

std::map<std::string, std::uint64_t> incarnations_of(const std::vector<postgres_log::Seat>& seats) {
  std::map<std::string, std::uint64_t> incarnations;
  for (const postgres_log::Seat& seat : seats) incarnations.emplace(seat.name, seat.epoch);
  return incarnations;
}

}  // namespace millrace::cluster
