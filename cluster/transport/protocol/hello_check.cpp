#include "cluster/transport/protocol/hello_check.hpp"

#include <algorithm>

namespace millrace::transport {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Returns text from the peer in quotes, shortened and without control characters, for a log line.
std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, 63)) out += c >= ' ' && c <= '~' ? c : '?';
  return out + "'";
}

Error error(ErrorCode code, std::string message) {
  return {code, std::move(message)};
}

}  // namespace

bool is_node_name(std::string_view name) {
  return !name.empty() && name.size() <= 63 && is_alphanumeric(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

pb::Hello make_hello(const NodeIdentity& own) {
  pb::Hello hello;
  hello.set_cluster(own.cluster);
  hello.set_node(own.node);
  hello.set_incarnation(own.incarnation);
  hello.set_protocol_version(own.protocol_version);
  hello.set_features(own.features);
  return hello;
}

Result<void> check_standby(const pb::Hello& hello, const HelloContext& context) {
  const NodeIdentity& own = context.own;
  if (!context.is_certified(own.node)) {
    return error(ErrorCode::unauthenticated,
                 "a standby has a certificate that does not name " + in_quotes(own.node));
  }
  if (hello.cluster() != own.cluster) {
    return error(ErrorCode::foreign_cluster, "a standby belongs to cluster " +
                                                 in_quotes(hello.cluster()) + ", expected " +
                                                 in_quotes(own.cluster));
  }
  if (hello.protocol_version() != own.protocol_version) {
    return error(ErrorCode::unsupported_version,
                 "a standby speaks version " + std::to_string(hello.protocol_version()) +
                     ", expected " + std::to_string(own.protocol_version));
  }
  return {};
}

Result<void> check_hello(const pb::Hello& hello, const HelloContext& context) {
  const NodeIdentity& own = context.own;
  if (!is_node_name(hello.node())) {
    return error(ErrorCode::protocol, in_quotes(hello.node()) + " is no name of a node");
  }
  if (!context.is_certified(hello.node())) {
    return error(ErrorCode::unauthenticated, "a node that calls itself " + in_quotes(hello.node()) +
                                                 " has a certificate of another name");
  }
  if (hello.cluster() != own.cluster) {
    return error(ErrorCode::foreign_cluster, in_quotes(hello.node()) + " belongs to cluster " +
                                                 in_quotes(hello.cluster()) + ", expected " +
                                                 in_quotes(own.cluster));
  }
  if (!context.dialed.empty() && hello.node() != context.dialed) {
    return error(ErrorCode::unauthenticated, "dialed " + in_quotes(context.dialed) + ", and " +
                                                 in_quotes(hello.node()) + " answered");
  }
  const std::uint64_t* known = context.known_incarnation(hello.node());
  if (known == nullptr) {
    return error(ErrorCode::not_found, in_quotes(hello.node()) + " is not among the nodes of " +
                                           in_quotes(own.cluster) + " that " + in_quotes(own.node) +
                                           " knows");
  }
  if (context.dialed.empty() && !dials(hello.node(), own.node)) {
    return error(ErrorCode::protocol, in_quotes(hello.node()) + " dialed " + in_quotes(own.node) +
                                          ", but the smaller name dials");
  }
  if (hello.protocol_version() != own.protocol_version) {
    return error(ErrorCode::unsupported_version, in_quotes(hello.node()) + " speaks version " +
                                                     std::to_string(hello.protocol_version()) +
                                                     ", expected " +
                                                     std::to_string(own.protocol_version));
  }
  if (hello.incarnation() < *known) {
    return error(ErrorCode::fenced, in_quotes(hello.node()) + " has incarnation " +
                                        std::to_string(hello.incarnation()) + ", and " +
                                        std::to_string(*known) + " was seen before");
  }
  return {};
}

}  // namespace millrace::transport
