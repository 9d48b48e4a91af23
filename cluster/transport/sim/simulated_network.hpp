// SimulatedNetwork: the network of a whole cluster in one thread, on a virtual clock, from one
// seed.
//
// Nodes run the LinkManager of the real transport (dialing, hello, incarnations, credit, silence)
// over simulated wires, without TLS. The same seed and the same calls give the same run.
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

  /// Adds a node. `address`es and `tls` are ignored; peers are found by name. A running node of the
  /// same name is killed first. The reference stays valid as long as the network, also after
  /// kill().
  Transport& add(TransportOptions options);
  /// Stops the node at once, as a crash does: its listener is not called any more, and the
  /// connections of its peers break.
  void kill(const std::string& node);
  /// Replaces the peers of a running node, as a reload of its configuration does; others find out by
  /// the links. Fails with `not_found` or `invalid_argument`.
  Result<void> set_peers(const std::string& node, std::vector<Peer> peers);

  /// Sets the faults of one direction from now on. set_faults(faults) sets those of all other
  /// pairs.
  void set_faults(const std::string& from, const std::string& to, const Faults& faults);
  void set_faults(const Faults& faults) { faults_ = faults; }
  /// Holds back everything in this direction until heal(), which delivers it if the link is still
  /// up.
  void cut(const std::string& from, const std::string& to);
  void heal(const std::string& from, const std::string& to);
  /// Breaks the connections between two nodes; they may connect again.
  void disconnect(const std::string& one, const std::string& other);

  /// Calls `what` once, from step(), when the clock reaches `at_us`.
  void at(TimeUs at_us, std::function<void()> what);
  /// Handles the next event and advances the clock to it. Returns false if there is none.
  bool step();
  void run_for(DurationUs span_us);
  [[nodiscard]] TimeUs now_us() const { return now_us_; }

 private:
  friend class SimulatedTransport;
  using Pair = std::pair<std::string, std::string>;

  struct End {
    std::string node;
    SimulatedTransport* transport = nullptr;
    SimulatedWire wire{};               // records from this end to the other
    std::deque<std::string> waiting{};  // arrived while the direction was cut
    bool is_end_waiting = false;        // the end of the connection arrived, too
  };
  struct Connection {
    End ends[2];
  };
  struct Event {
    TimeUs at_us;
    std::uint64_t number;  // orders events of the same time
    std::function<void()> what;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return std::pair(a.at_us, a.number) > std::pair(b.at_us, b.number);
    }
  };

  // Called by SimulatedTransport. Socket id = 2 * number of the connection + index of the end.
  Result<SocketId> dial(SimulatedTransport& from, const std::string& to);
  void write(SocketId socket, std::string_view bytes);
  void cut_socket(SocketId socket);

  /// Delivers what arrived from this end, unless the direction is cut.
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
