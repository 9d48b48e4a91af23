// Dsn: where the servers are, and as whom to connect. Holds the password; nothing here prints it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "messages/result.hpp"

namespace millrace::postgres_log {

/// One host of a DSN.
struct Host {
  std::string host{};      ///< name, address, or the directory of a Unix socket
  std::string hostaddr{};  ///< address; empty: `host` is looked up
  std::string port{};
};

class Dsn {
 public:
  /// Reads a connection string of libpq: `key=value …` or `postgresql://…`, with one or several hosts.
  /// What it leaves out comes from the environment, as with all programs that use libpq. Fails with
  /// `invalid_argument`; the message quotes nothing of `text`.
  [[nodiscard]] static Result<Dsn> parse(const std::string& text);

  [[nodiscard]] const std::vector<Host>& hosts() const { return hosts_; }
  /// Keys and values of a connection to `host`.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> parameters(const Host& host) const;

  /// Hosts, ports and the database, for messages to people.
  [[nodiscard]] std::string where() const;
  /// `text` without the password.
  [[nodiscard]] std::string without_secrets(std::string text) const;

 private:
  std::vector<Host> hosts_;
  std::vector<std::pair<std::string, std::string>> others_;  ///< keys and values but of hosts
  std::string database_;
  std::string password_;
};

}  // namespace millrace::postgres_log
