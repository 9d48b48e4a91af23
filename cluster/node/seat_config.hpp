// The configuration of a node together with the seats in the database. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "actors/engines/seats.hpp"
#include "cluster/config/config.hpp"

namespace millrace::cluster {

/// Returns `config` with what `seats` add to it: the nodes, if it names none; else the addresses that its
/// nodes lack. A node whose address is unknown has none.
[[nodiscard]] config::Config with_seats(config::Config config,
                                        const std::vector<postgres_log::Seat>& seats);

/// Returns the incarnation of each node that a process has been.
[[nodiscard]] std::map<std::string, std::uint64_t> incarnations_of(
    const std::vector<postgres_log::Seat>& seats);

}  // namespace millrace::cluster
