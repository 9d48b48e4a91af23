// Rows of [tls], [http] and [log].
#include "cluster/config/keys/bind.hpp"
#include "cluster/config/keys/key_table.hpp"

namespace millrace::config {
namespace {

constexpr std::int64_t second = 1'000'000;

void add_tls(KeyTable& table) {
  table.groups.push_back(
      {.path = "tls",
       .doc =
           "Mutual TLS between nodes; `millrace cluster certs` makes the files. All three keys "
           "or none: without, the cluster is confined to loopback. SIGHUP reads them again for "
           "new links; those that are up stay up, and a bad file is logged and changes nothing."});
  table.keys.push_back({.path = "tls.ca",
                        .type = Type::path,
                        .doc = "Certificate of the cluster's own authority, PEM.",
                        .store = take<&Config::tls, &TlsConfig::ca>,
                        .example = "\"certs/ca.crt\""});
  table.keys.push_back({.path = "tls.certificate",
                        .type = Type::path,
                        .doc = "This node's certificate, PEM; it names the node.",
                        .store = take<&Config::tls, &TlsConfig::certificate>,
                        .example = "\"certs/a.crt\""});
  table.keys.push_back({.path = "tls.key",
                        .type = Type::path,
                        .doc = "Its private key, PEM, which others may not read.",
                        .store = take<&Config::tls, &TlsConfig::key>,
                        .example = "\"certs/a.key\""});
}

void add_http(KeyTable& table) {
  table.groups.push_back({.path = "http", .doc = "The HTTP API."});
  table.keys.push_back({.path = "http.token_file",
                        .type = Type::path,
                        .doc =
                            "File of the token that changing calls must carry, and all calls from "
                            "beyond loopback; others may not read it.",
                        .store = take<&Config::http, &HttpConfig::token_file>,
                        .example = "\"token\""});
  table.keys.push_back({.path = "http.body_max",
                        .type = Type::size,
                        .fallback = "\"8MiB\"",
                        .doc = "Body of a request; a larger one is refused.",
                        .store = take<&Config::http, &HttpConfig::body_bytes_max>,
                        .min = 1 << 10,
                        .max = 64 << 20});
  table.keys.push_back(
      {.path = "http.connections_max",
       .type = Type::integer,
       .fallback = "64",
       .doc = "Open at the same time; for one more, the one that has waited or made no progress "
              "longest is closed.",
       .store = take<&Config::http, &HttpConfig::connections_max>,
       .min = 1,
       .max = 100'000});
  table.keys.push_back({.path = "http.event_streams_max",
                        .type = Type::integer,
                        .fallback = "8",
                        .doc = "Of these, streams of events; fewer than connections_max.",
                        .store = take<&Config::http, &HttpConfig::event_streams_max>,
                        .min = 0,
                        .max = 100'000});
  table.keys.push_back({.path = "http.peer_connections_max",
                        .type = Type::integer,
                        .fallback = "32",
                        .doc = "Connections of one address beyond loopback.",
                        .store = take<&Config::http, &HttpConfig::peer_connections_max>,
                        .min = 1,
                        .max = 10'000});
  table.keys.push_back({.path = "http.bodies_max",
                        .type = Type::size,
                        .fallback = "\"64MiB\"",
                        .doc = "Bodies of all requests in progress; at least body_max. For more, a "
                               "request waits, at most for the timeout.",
                        .store = take<&Config::http, &HttpConfig::bodies_bytes_max>,
                        .min = 1 << 20,
                        .max = std::int64_t{16} << 30});
  table.keys.push_back({.path = "http.answers_max",
                        .type = Type::size,
                        .fallback = "\"64MiB\"",
                        .doc = "Answers that clients have not taken yet. At half of it large "
                               "answers wait, at all of it all, and clients that take nothing for "
                               "1 s are cut off.",
                        .store = take<&Config::http, &HttpConfig::answers_bytes_max>,
                        .min = 1 << 20,
                        .max = std::int64_t{16} << 30});
  table.keys.push_back({.path = "http.timeout",
                        .type = Type::duration,
                        .fallback = "\"30s\"",
                        .doc = "For a request to come in, and for its answer to go out.",
                        .store = take<&Config::http, &HttpConfig::timeout>,
                        .min = second / 10,
                        .max = 600 * second});
}

void add_log(KeyTable& table) {
  table.groups.push_back({.path = "log", .doc = "The node's log, on stderr."});
  table.keys.push_back({.path = "log.level",
                        .type = Type::choice,
                        .fallback = "\"info\"",
                        .doc = "Minimum severity that is logged.",
                        .store = take<&Config::log, &LogConfig::level>,
                        .choices = {"trace", "debug", "info", "warn", "error"}});
  table.keys.push_back({.path = "log.format",
                        .type = Type::choice,
                        .fallback = "\"text\"",
                        .doc = "text: readable lines; json: one JSON object per line.",
                        .store = take<&Config::log, &LogConfig::format>,
                        .choices = {"text", "json"}});
}

}  // namespace

void add_service_keys(KeyTable& table) {
  add_tls(table);
  add_http(table);
  add_log(table);
}

}  // namespace millrace::config
