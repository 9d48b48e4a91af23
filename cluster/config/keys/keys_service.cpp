// Rows of [tls], [http] and [log].
#include "cluster/config/keys/bind.hpp"
#include "cluster/config/keys/key_table.hpp"
#include "cluster/config/keys/units.hpp"

namespace millrace::config {
namespace {

void add_tls(KeyTable& table) {
  table.groups.push_back(
      {.path = "tls",
       .doc = "Mutual TLS between nodes; `millrace cluster certs` creates the files. "
              "Set all three keys or none; without them, nodes listen on loopback "
              "only. On SIGHUP the files are read again for new links; existing "
              "links stay up. If a file is bad, that is logged and the old files "
              "stay in use."});
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
                        .doc =
                            "The certificate's private key, PEM. The file must not be readable by "
                            "others.",
                        .store = take<&Config::tls, &TlsConfig::key>,
                        .example = "\"certs/a.key\""});
}

void add_http(KeyTable& table) {
  table.groups.push_back({.path = "http", .doc = "The HTTP API."});
  table.keys.push_back({.path = "http.token_file",
                        .type = Type::path,
                        .doc =
                            "File with the token. Calls that change something need it, and all "
                            "calls from beyond loopback. The file must not be readable by others.",
                        .store = take<&Config::http, &HttpConfig::token_file>,
                        .example = "\"token\""});
  table.keys.push_back({.path = "http.body_max",
                        .type = Type::size,
                        .fallback = "\"8MiB\"",
                        .doc = "Maximum size of a request's body; a larger one is refused.",
                        .store = take<&Config::http, &HttpConfig::body_bytes_max>,
                        .min = 1 << 10,
                        .max = 64 << 20});
  table.keys.push_back({.path = "http.connections_max",
                        .type = Type::integer,
                        .fallback = "64",
                        .doc =
                            "Maximum open connections. To accept one more, the one that has been "
                            "idle or without progress for the longest time is closed.",
                        .store = take<&Config::http, &HttpConfig::connections_max>,
                        .min = 1,
                        .max = 100'000});
  table.keys.push_back({.path = "http.event_streams_max",
                        .type = Type::integer,
                        .fallback = "8",
                        .doc = "Maximum event streams among these connections; less than "
                               "connections_max.",
                        .store = take<&Config::http, &HttpConfig::event_streams_max>,
                        .min = 0,
                        .max = 100'000});
  table.keys.push_back({.path = "http.peer_connections_max",
                        .type = Type::integer,
                        .fallback = "32",
                        .doc = "Maximum connections from one address beyond loopback.",
                        .store = take<&Config::http, &HttpConfig::peer_connections_max>,
                        .min = 1,
                        .max = 10'000});
  table.keys.push_back({.path = "http.bodies_max",
                        .type = Type::size,
                        .fallback = "\"64MiB\"",
                        .doc =
                            "Maximum size of the bodies of all requests in progress together; at "
                            "least body_max. Beyond, a request waits for up to http.timeout.",
                        .store = take<&Config::http, &HttpConfig::bodies_bytes_max>,
                        .min = 1 << 20,
                        .max = std::int64_t{16} << 30});
  table.keys.push_back({.path = "http.answers_max",
                        .type = Type::size,
                        .fallback = "\"64MiB\"",
                        .doc =
                            "Maximum size of all answers that clients have not received yet. Above "
                            "half of it, large requests wait; above it, all requests wait, and "
                            "clients that receive nothing for 1 s are disconnected.",
                        .store = take<&Config::http, &HttpConfig::answers_bytes_max>,
                        .min = 1 << 20,
                        .max = std::int64_t{16} << 30});
  table.keys.push_back({.path = "http.timeout",
                        .type = Type::duration,
                        .fallback = "\"30s\"",
                        .doc = "Time limit for receiving a request, and for sending its answer.",
                        .store = take<&Config::http, &HttpConfig::timeout>,
                        .min = second / 10,
                        .max = 600 * second});
}

void add_log(KeyTable& table) {
  table.groups.push_back(
      {.path = "log", .doc = "The lines on stderr, and the engine of the durable log."});
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
  table.keys.push_back(
      {.path = "log.engine",
       .type = Type::choice,
       .fallback = "\"journal\"",
       .doc = "journal: the durable log lies in node.data_dir; postgres: in a database.",
       .store = take<&Config::log, &LogConfig::engine>,
       .choices = {"journal", "postgres"}});
}

}  // namespace

void add_service_keys(KeyTable& table) {
  add_tls(table);
  add_http(table);
  add_log(table);
}

}  // namespace millrace::config
