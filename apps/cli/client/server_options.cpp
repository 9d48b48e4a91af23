#include "apps/cli/client/server_options.hpp"

#include <charconv>
#include <cstdlib>

#include "cluster/config/file/load.hpp"

namespace millrace::cli {
namespace {

// As listen.http is by default.
constexpr const char* default_url = "http://127.0.0.1:8400";
constexpr const char* default_port = ":8400";

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value != nullptr ? value : "";
}

bool is_port(const std::string& text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

}  // namespace

void add_server_options(CLI::App& command, ServerOptions& options) {
  command
      .add_option("--server", options.url,
                  "a node's HTTP address; else MILLRACE_URL, else localhost:8400")
      ->type_name("URL");
  command
      .add_option("--token-file", options.token_file,
                  "file of the node's token; else MILLRACE_TOKEN_FILE")
      ->type_name("FILE");
}

void add_node_only(CLI::App& command, ServerOptions& options) {
  command.add_flag("--node-only", options.node_only, "ask this node, and not all of its cluster");
}

void add_source_options(CLI::App& command, SourceOptions& options) {
  add_server_options(command, options.server);
  command
      .add_option("--data-dir", options.log.data_dir, "data directory of a node that does not run")
      ->type_name("DIR")
      ->excludes("--server");
  command
      .add_option("-c,--config", options.log.config,
                  "config file of a node that does not run: says where its log\n"
                  "lies, in a directory or in PostgreSQL")
      ->type_name("FILE")
      ->excludes("--server")
      ->excludes("--data-dir");
  command.add_option("--node", options.log.node, "name of that node; else that of the config file")
      ->type_name("NAME")
      ->needs("--config");
}

bool is_named(const ServerOptions& options) {
  return !options.url.empty() || !variable("MILLRACE_URL").empty();
}

Result<std::string> url_of(const ServerOptions& options) {
  std::string url = options.url.empty() ? variable("MILLRACE_URL") : options.url;
  if (url.empty()) url = default_url;
  if (url.find("://") == std::string::npos) url.insert(0, "http://");
  while (url.back() == '/') url.pop_back();
  const std::size_t host = url.find("://") + 3;
  const bool is_http = url.starts_with("http://") || url.starts_with("https://");
  if (!is_http || host >= url.size() || url.find_first_of("/?#@ ", host) != std::string::npos) {
    return Error{ErrorCode::invalid_argument, "--server: expected http://host:port, got " + url};
  }
  const std::size_t colon = url.rfind(':');
  const bool has_port = colon > host && url.find(']', colon) == std::string::npos;
  if (!has_port && url.starts_with("http://")) return url + default_port;
  if (has_port && !is_port(url.substr(colon + 1))) {
    return Error{ErrorCode::invalid_argument,
                 "--server: expected a port from 1 to 65535, got " + url.substr(colon + 1)};
  }
  return url;
}

Result<std::string> token_of(const ServerOptions& options) {
  const std::string path =
      options.token_file.empty() ? variable("MILLRACE_TOKEN_FILE") : options.token_file;
  if (path.empty()) return std::string();
  auto token = config::read_token(path);
  if (!token) return Error{token.error().code, "--token-file: " + token.error().message};
  if (token->empty()) {
    return Error{ErrorCode::not_found, "--token-file: " + path + " holds no token"};
  }
  return token;
}

}  // namespace millrace::cli
