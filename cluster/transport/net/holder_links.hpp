// HolderLinks: the links of a process that waits for a seat to the processes that hold the seats. They carry
// nothing; they tell when a holder has died, before its lease has ended. See DeathCore.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/transport/tls/tls_context.hpp"
#include "cluster/transport/transport.hpp"
#include "messages/result.hpp"

namespace millrace::transport {

/// Thread-safe.
class HolderLinks {
 public:
  struct Options {
    std::string cluster{};
    std::uint32_t protocol_version = 0;
    std::optional<TlsFiles> tls{};  ///< nullopt: plain, to loopback only
  };
  struct Holder {
    std::string process{};          ///< as it calls itself; never used again for another process
    std::string node{};             ///< whose seat it holds
    std::uint64_t incarnation = 0;  ///< of the node
    Address address{};              ///< without a host: not known yet
  };

  /// Starts a thread. Fails with `invalid_argument`: a TLS file cannot be used.
  [[nodiscard]] static Result<std::unique_ptr<HolderLinks>> start(const Options& options);
  /// Ends all links and the thread.
  ~HolderLinks();
  HolderLinks(const HolderLinks&) = delete;
  HolderLinks& operator=(const HolderLinks&) = delete;

  /// Replaces the holders: links to new ones are made, those to others end. Does not block.
  void set_holders(std::vector<Holder> holders);

  /// Whether this process is one of the holders, and has died for sure. Does not block.
  [[nodiscard]] bool has_died(const std::string& process) const;

  /// Whether there is a link to this process. Does not block.
  [[nodiscard]] bool is_linked(const std::string& process) const;

 private:
  class Parts;
  explicit HolderLinks(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::transport
