#include "actors/postgres_log/session/dsn.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>
#include <system_error>

#include <libpq-fe.h>

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

// Replaced by this module: it tries the hosts by itself, and checks what each one is.
bool is_replaced(std::string_view key) {
  return key == "host" || key == "hostaddr" || key == "port" || key == "target_session_attrs" ||
         key == "load_balance_hosts" || key == "replication";
}

}  // namespace

Result<Dsn> Dsn::parse(const std::string& text) {
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
    for (const auto* from : {options.get(), defaults.get()}) {
      for (const auto* one = from; one != nullptr && one->keyword != nullptr; ++one) {
        if (key == one->keyword && one->val != nullptr && *one->val != '\0') return one->val;
      }
    }
    return {};
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
  return dsn;
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
    text += host.host.empty() ? (host.hostaddr.empty() ? "localhost" : host.hostaddr) : host.host;
    text += ':' + host.port;
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
