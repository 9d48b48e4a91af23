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

  /// "host:port", for messages to people.
  [[nodiscard]] std::string where() const;
};

/// The arrays that libpq takes. References the strings that it was made of.
class KeysAndValues {
 public:
  explicit KeysAndValues(const std::vector<std::pair<std::string, std::string>>& parameters) {
    for (const auto& [key, value] : parameters) {
      keys_.push_back(key.c_str());
      values_.push_back(value.c_str());
    }
    keys_.push_back(nullptr);
    values_.push_back(nullptr);
  }
  [[nodiscard]] const char* const* keys() const { return keys_.data(); }
  [[nodiscard]] const char* const* values() const { return values_.data(); }

 private:
  std::vector<const char*> keys_;
  std::vector<const char*> values_;
};

class Dsn {
 public:
  /// Reads a connection string of libpq: `key=value …` or `postgresql://…`, with one or several hosts.
  /// What it leaves out comes from the environment, as with all programs that use libpq. Fails with
  /// `invalid_argument`, also if a value or a file that it names cannot be used, whatever the server; the message
  /// quotes nothing of `text` but such a path. Reads files, and asks no server.
  [[nodiscard]] static Result<Dsn> parse(const std::string& text);

  [[nodiscard]] const std::vector<Host>& hosts() const { return hosts_; }
  /// Keys and values of a connection to `host`.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> parameters(const Host& host) const;

  /// Hosts, ports and the database, for messages to people.
  [[nodiscard]] std::string where() const;
  /// `text` without the password.
  [[nodiscard]] std::string without_secrets(std::string text) const;

 private:
  [[nodiscard]] Result<void> check() const;

  std::vector<Host> hosts_;
  std::vector<std::pair<std::string, std::string>> others_;  ///< keys and values but of hosts
  std::string database_;
  std::string password_;
};

}  // namespace millrace::postgres_log
