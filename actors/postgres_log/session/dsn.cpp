#include "actors/postgres_log/session/dsn.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <libpq-fe.h>
#include <unistd.h>

namespace millrace::postgres_log {
namespace {

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  if (list.empty()) return parts;
  while (true) {
    const std::size_t comma = list.find(',');
    parts.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

std::string at_or(const std::vector<std::string>& list, std::size_t index, std::string other) {
  if (list.size() == 1) return list.front();  // one port for all hosts
  return index < list.size() ? list[index] : std::move(other);
}

// A name, an address, or the directory of a socket; a leading '@' is an abstract socket.
bool is_host(const std::string& host) {
  return host.find('@', 1) == std::string::npos;
}

bool is_port(const std::string& port) {
  int number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return port.empty() ||
         (error == std::errc() && end == port.data() + port.size() && number > 0 && number < 65536);
}

// The value of an option; empty: it has none.
std::string value_in(const PQconninfoOption* options, std::string_view key) {
  for (const auto* one = options; one != nullptr && one->keyword != nullptr; ++one) {
    if (key == one->keyword && one->val != nullptr) return one->val;
  }
  return {};
}

// The first line of a message of libpq, without what it quotes of the text, which may be a part of a password.
std::string without_quoted(std::string_view message) {
  std::string text;
  bool is_quoted = false;
  for (const char c : message.substr(0, message.find('\n'))) {
    const bool is_mark = c == '"';
    if (is_mark || !is_quoted) text += c;
    if (is_mark && !is_quoted) text += "…";
    is_quoted = is_quoted != is_mark;
  }
  return text;
}

// Whether there is a file that this process may read.
int read_error(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return errno;
  char first = 0;
  const int failure = ::read(file, &first, 1) < 0 ? errno : 0;
  ::close(file);
  return failure;
}

Error unusable(const std::string& why) {
  return {ErrorCode::invalid_argument, "the DSN of the log cannot be used: " + why};
}

// libpq reads these when a connection is made, and calls a mistake a failed connection.
Result<void> check_numbers(const PQconninfoOption* options) {
  for (const char* key : {"keepalives", "keepalives_idle", "keepalives_interval",
                          "keepalives_count", "tcp_user_timeout"}) {
    const std::string value = value_in(options, key);
    int number = 0;
    const char* const last = value.data() + value.size();
    const auto [end, error] = std::from_chars(value.data(), last, number);
    if (value.empty() || (error == std::errc() && end == last)) continue;
    return unusable(std::string(key) + ": expected a number");
  }
  return {};
}

// Files that a connection with TLS reads, if it is wanted for sure. libpq goes on without one that is not there, but
// cannot verify a server then.
Result<void> check_files(const PQconninfoOption* options) {
  const std::string mode = value_in(options, "sslmode");
  const bool verifies = mode.starts_with("verify-");
  if (!verifies && mode != "require") return {};
  for (const std::string key : {"sslrootcert", "sslcert", "sslkey", "sslcrl"}) {
    const bool is_wanted = verifies && key == "sslrootcert";
    std::string path = value_in(options, key);
    const char* const home = std::getenv("HOME");
    if (path.empty() && is_wanted && home != nullptr) {
      path = std::string(home) + "/.postgresql/root.crt";
    }
    // The authorities of the system, or a key that is in no file.
    if (path.empty() || path == "system" || path.find(':') != std::string::npos) continue;
    const int failure = read_error(path);
    if (failure == 0 || (failure == ENOENT && !is_wanted)) continue;
    return unusable(key + ": " + path + ": " + std::generic_category().message(failure));
  }
  return {};
}

// Replaced by this module: it tries the hosts by itself, and checks what each one is.
bool is_replaced(std::string_view key) {
  return key == "host" || key == "hostaddr" || key == "port" || key == "target_session_attrs" ||
         key == "load_balance_hosts" || key == "replication";
}

}  // namespace

std::string Host::where() const {
  const std::string& name = host.empty() ? hostaddr : host;
  return (name.empty() ? "localhost" : name) + ':' + port;
}

Result<Dsn> Dsn::parse(const std::string& text) {
  if (text.find('\0') != std::string::npos) {
    return Error{ErrorCode::invalid_argument, "the DSN of the log has a NUL byte in it"};
  }
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options{
      PQconninfoParse(text.c_str(), nullptr), &PQconninfoFree};
  // The message of libpq would quote a part of the text, which may hold the password.
  if (options == nullptr) {
    return Error{ErrorCode::invalid_argument,
                 "the DSN of the log cannot be read; expected 'host=… dbname=… user=…' or "
                 "'postgresql://…'"};
  }
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> defaults{PQconndefaults(),
                                                                              &PQconninfoFree};
  const auto value = [&](std::string_view key) -> std::string {
    std::string own = value_in(options.get(), key);
    return own.empty() ? value_in(defaults.get(), key) : own;
  };
  Dsn dsn;
  for (const auto* one = options.get(); one->keyword != nullptr; ++one) {
    if (one->val != nullptr && !is_replaced(one->keyword)) {
      dsn.others_.emplace_back(one->keyword, one->val);
    }
  }
  dsn.database_ = value("dbname").empty() ? value("user") : value("dbname");
  dsn.password_ = value("password");
  const std::vector<std::string> names = split(value("host"));
  const std::vector<std::string> addresses = split(value("hostaddr"));
  const std::vector<std::string> ports = split(value("port"));
  const std::size_t count = std::max<std::size_t>({names.size(), addresses.size(), 1});
  if (ports.size() > 1 && ports.size() != count) {
    return Error{ErrorCode::invalid_argument, "the DSN of the log names " + std::to_string(count) +
                                                  " hosts and " + std::to_string(ports.size()) +
                                                  " ports"};
  }
  const bool is_plain = std::all_of(names.begin(), names.end(), is_host) &&
                        std::all_of(ports.begin(), ports.end(), is_port) &&
                        dsn.database_.find('@') == std::string::npos;
  // Quotes nothing: what looks like a host may be the rest of a password.
  if (!is_plain) {
    return Error{
        ErrorCode::invalid_argument,
        "the DSN of the log: expected hosts without '@' and ports from 1 to 65535; in a URL, "
        "write '@', ':' and '/' of a password as %40, %3A and %2F"};
  }
  for (std::size_t i = 0; i < count; ++i) {
    dsn.hosts_.push_back({i < names.size() ? names[i] : std::string{},
                          i < addresses.size() ? addresses[i] : std::string{},
                          at_or(ports, i, "5432")});
  }
  if (auto checked = dsn.check(); !checked) return checked.error();
  return dsn;
}

// Values are checked by libpq when it begins to connect, where a mistake looks like a server that is away. So it
// begins once with a socket that nobody can have: no server is asked, but for one whose address the environment
// or a service gives.
Result<void> Dsn::check() const {
  auto parameters = this->parameters({.host = "/dev/null", .port = "5432"});
  parameters.emplace_back("connect_timeout", "2");
  const KeysAndValues words(parameters);
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection{
      PQconnectStartParams(words.keys(), words.values(), 0), &PQfinish};
  if (PQpingParams(words.keys(), words.values(), 0) == PQPING_NO_ATTEMPT) {
    return unusable(without_quoted(PQerrorMessage(connection.get())));
  }
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> all{
      PQconninfo(connection.get()), &PQconninfoFree};
  const bool has_service = !value_in(all.get(), "service").empty();
  const bool has_network = std::any_of(hosts_.begin(), hosts_.end(), [&](const Host& host) {
    if (!host.hostaddr.empty()) return true;
    return host.host.empty() ? has_service
                             : !host.host.starts_with('/') && !host.host.starts_with('@');
  });
  Result<void> checked = check_numbers(all.get());
  if (checked && has_network) checked = check_files(all.get());
  return checked;
}

std::vector<std::pair<std::string, std::string>> Dsn::parameters(const Host& host) const {
  // A dead host is noticed in about ten seconds, whether or not bytes are under way to it.
  std::vector<std::pair<std::string, std::string>> all{{"keepalives_idle", "5"},
                                                       {"keepalives_interval", "2"},
                                                       {"keepalives_count", "3"},
                                                       {"tcp_user_timeout", "10000"},
                                                       {"application_name", "millrace"}};
  // The last value of a key counts.
  all.insert(all.end(), others_.begin(), others_.end());
  if (!host.host.empty()) all.emplace_back("host", host.host);
  if (!host.hostaddr.empty()) all.emplace_back("hostaddr", host.hostaddr);
  if (!host.port.empty()) all.emplace_back("port", host.port);
  all.emplace_back("client_encoding", "UTF8");
  return all;
}

std::string Dsn::where() const {
  std::string text = "PostgreSQL at ";
  for (const Host& host : hosts_) {
    if (&host != &hosts_.front()) text += ',';
    text += host.where();
  }
  return text + ", database " + database_;
}

std::string Dsn::without_secrets(std::string text) const {
  if (password_.empty()) return text;
  for (auto at = text.find(password_); at != std::string::npos; at = text.find(password_, at)) {
    text.replace(at, password_.size(), "***");
    at += 3;
  }
  return text;
}

}  // namespace millrace::postgres_log
