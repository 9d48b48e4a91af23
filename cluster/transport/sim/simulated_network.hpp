// SimulatedNetwork: a whole cluster's network in one thread, on a virtual clock, from one seed.
//
// Its nodes run the very link manager of the real transport (dialing, hello, incarnations, credit,
// silence) over simulated wires, without security. The same seed and calls make the same run.
//
//   SimulatedNetwork network(seed);
//   Transport& a = network.add(options_a);   a.start(listener_a);
//   network.set_faults("a", "b", {.drop = 0.01});
//   network.run_for(2'000'000);
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/time.hpp"
#include "cluster/transport/links/connection_table.hpp"
#include "cluster/transport/links/transport_options.hpp"
#include "cluster/transport/sim/simulated_wire.hpp"

namespace millrace::transport {

class SimulatedTransport;

class SimulatedNetwork {
 public:
  explicit SimulatedNetwork(std::uint64_t seed);
  ~SimulatedNetwork();
  SimulatedNetwork(const SimulatedNetwork&) = delete;
  SimulatedNetwork& operator=(const SimulatedNetwork&) = delete;

  /// A node; addresses and tls are not looked at, peers are found by name. The transport lasts as
  /// long as the network, also beyond kill. A node of that name that still runs is killed.
  Transport& add(TransportOptions options);
  /// The node is gone from one moment to the next: its listener hears nothing more, and its
  /// peers' connections break.
  void kill(const std::string& node);

  /// From now on, in this direction. For all pairs not named: set_faults(faults).
  void set_faults(const std::string& from, const std::string& to, const Faults& faults);
  void set_faults(const Faults& faults) { faults_ = faults; }
  /// Nothing passes in this direction until heal; then what waited does, if the link still stands.
  void cut(const std::string& from, const std::string& to);
  void heal(const std::string& from, const std::string& to);
  /// Breaks the connections between two nodes; they may connect again.
  void disconnect(const std::string& one, const std::string& other);

  /// Calls `what` on this thread once the clock stands at `at_us`.
  void at(TimeUs at_us, std::function<void()> what);
  /// The next event; false when there is none.
  bool step();
  void run_for(DurationUs span_us);
  [[nodiscard]] TimeUs now_us() const { return now_us_; }

 private:
  friend class SimulatedTransport;
  using Pair = std::pair<std::string, std::string>;

  struct End {
    std::string node;
    SimulatedTransport* transport = nullptr;
    SimulatedWire wire{};               // towards the other end
    std::deque<std::string> waiting{};  // arrived while the direction was cut
    bool is_end_waiting = false;        // so was the end of the connection
  };
  struct Connection {
    End ends[2];
  };
  struct Event {
    TimeUs at_us;
    std::uint64_t number;  // events of one moment come in the order of their making
    std::function<void()> what;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return std::pair(a.at_us, a.number) > std::pair(b.at_us, b.number);
    }
  };

  // Of the transports. A socket is twice its connection's number, plus the end.
  Result<SocketId> dial(SimulatedTransport& from, const std::string& to);
  void write(SocketId socket, std::string_view bytes);
  void cut_socket(SocketId socket);

  /// Hands on what arrived from this end, as far as the direction is not cut.
  void pass(SocketId socket);
  void arrive(SocketId at, const std::string& bytes);
  void end(SocketId at);
  [[nodiscard]] const Faults& faults(const std::string& from, const std::string& to) const;
  [[nodiscard]] bool is_cut(const End& from, const End& to) const;
  [[nodiscard]] Connection* find(SocketId socket);

  std::mt19937_64 random_;
  TimeUs now_us_ = 1;
  std::uint64_t events_made_ = 0;
  std::priority_queue<Event, std::vector<Event>, Later> events_;
  std::map<std::string, SimulatedTransport*> running_;
  std::vector<std::unique_ptr<SimulatedTransport>> transports_;
  std::int64_t connections_made_ = 0;
  std::map<std::int64_t, Connection> connections_;
  Faults faults_;
  std::map<Pair, Faults> pair_faults_;
  std::set<Pair> cut_;
};

}  // namespace millrace::transport
