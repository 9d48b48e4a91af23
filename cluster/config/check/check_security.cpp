// Cross checks of security: beyond loopback, cluster addresses require TLS, an HTTP address requires a
// token, and one for Kafka's clients both.
#include <array>
#include <string>

#include <spdlog/fmt/fmt.h>

#include "cluster/config/address.hpp"
#include "cluster/config/check/cross_checks.hpp"
#include "cluster/config/read/document.hpp"

namespace millrace::config {
namespace {

bool is_beyond_loopback(const std::string& address) {
  const auto parsed = parse_address(address);
  return parsed && !is_loopback(parsed->host);
}

void check_files(Complaints& complaints) {
  const TlsConfig& tls = complaints.config().tls;
  const std::array<std::pair<const char*, const std::string*>, 3> files{
      {{"tls.ca", &tls.ca}, {"tls.certificate", &tls.certificate}, {"tls.key", &tls.key}}};
  std::string given;
  for (const auto& [path, file] : files) {
    if (!file->empty()) given = path;
  }
  if (given.empty()) return;
  for (const auto& [path, file] : files) {
    if (!file->empty()) continue;
    complaints.add(path, "expected a path, as " + given + " is set, got nothing", given);
  }
}

void check_cluster(Complaints& complaints) {
  const Config& config = complaints.config();
  const auto check = [&](const std::string& path, const std::string& address) {
    if (!is_beyond_loopback(address)) return false;
    complaints.add(path,
                   "expected a loopback address, as there is no [tls], got " + quote(address));
    return true;
  };
  bool has_problem = false;
  for (std::size_t i = 0; i < config.cluster.nodes.size(); ++i) {
    has_problem |=
        check(fmt::format("cluster.nodes.{}.address", i), config.cluster.nodes[i].address);
  }
  if (!has_problem) check("listen.cluster", config.listen.cluster);
}

void check_kafka(Complaints& complaints) {
  const KafkaConfig& kafka = complaints.config().kafka;
  if (kafka.certificate.empty() != kafka.key.empty()) {
    const bool has_key = kafka.certificate.empty();
    complaints.add(has_key ? "kafka.certificate" : "kafka.key",
                   std::string("expected a path, as ") +
                       (has_key ? "kafka.key" : "kafka.certificate") + " is set, got nothing",
                   has_key ? "kafka.key" : "kafka.certificate");
  }
  if (!kafka.listen.empty() && is_beyond_loopback(kafka.listen) &&
      (kafka.token_file.empty() || kafka.certificate.empty())) {
    complaints.add("kafka.listen",
                   "expected a loopback address, as there is no kafka.token_file or no "
                   "kafka.certificate, got " +
                       quote(kafka.listen));
  }
}

}  // namespace

void check_security(Complaints& complaints) {
  const Config& config = complaints.config();
  if (complaints.is_sound("tls")) {
    check_files(complaints);
    const bool is_known = complaints.is_sound("cluster.nodes") && complaints.is_sound("listen");
    if (is_known && complaints.is_sound("tls") && !config.tls.is_on()) check_cluster(complaints);
  }
  if (complaints.is_sound("kafka")) check_kafka(complaints);
  if (config.http.token_file.empty() && complaints.is_sound("http.token_file") &&
      is_beyond_loopback(config.listen.http)) {
    complaints.add("listen.http",
                   "expected a loopback address, as there is no http.token_file, got " +
                       quote(config.listen.http));
  }
}

}  // namespace millrace::config
