#include "cluster/config/file/load.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/certs/check.hpp"
#include "cluster/config/check/cross_checks.hpp"
#include "cluster/config/read/resolved.hpp"
#include "cluster/config/read/toml_reader.hpp"
#include "cluster/config/seats.hpp"

namespace millrace::config {

Resolved resolve(const Inputs& inputs, const ReadFile& read) {
  Resolved resolved;
  Node root = inputs.document;
  if (!inputs.file.empty()) {
    merge(root, read_with_includes(inputs.file, read, resolved.problems));
  }
  const bool is_partial = !resolved.problems.empty();
  apply_environment(root, inputs.environment, resolved.problems);
  apply_sets(root, inputs.sets, resolved.problems);
  apply_flags(root, inputs.flags, resolved.problems);
  derive(root);
  convert(root, is_partial, resolved);
  if (!is_partial) check_across(resolved);
  sort_problems(resolved.problems);
  return resolved;
}

void sort_problems(Problems& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.place.source, a.place.line, a.place.column) <
           std::tie(b.place.source, b.place.line, b.place.column);
  });
  const auto last =
      std::unique(problems.begin(), problems.end(),
                  [](const Problem& a, const Problem& b) { return to_string(a) == to_string(b); });
  problems.erase(last, problems.end());
}

namespace {

constexpr const char* white_space = " \t\r\n";

Error failed(int error) {
  const auto code = error == ENOENT ? ErrorCode::not_found : ErrorCode::storage_failed;
  return Error{code, std::generic_category().message(error)};
}

class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : handle_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (handle_ >= 0) ::close(handle_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  [[nodiscard]] int handle() const { return handle_; }

 private:
  int handle_;
};

/// Between two pieces of a file that is a pipe, and until its first one.
constexpr std::chrono::seconds piece_wait{5};

/// Whether there is something to read, or the end. Only a pipe or a device makes a reader wait.
bool await_readable(int handle) {
  pollfd fd{handle, POLLIN, 0};
  const auto until = std::chrono::steady_clock::now() + piece_wait;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const int count = ::poll(&fd, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (count >= 0 || errno != EINTR) return count > 0;
  }
}

constexpr std::size_t dsn_bytes_max = 64 << 10;
constexpr const char* dsn_variable = "MILLRACE_POSTGRES_DSN";

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(white_space);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(white_space) - begin + 1);
}

/// Returns the only word of `text`, or an empty string. Fails with `invalid_argument` if there are
/// several.
Result<std::string> token_in(const std::string& text) {
  std::string token = trimmed(text);
  if (token.find_first_of(white_space) == std::string::npos) return token;
  return Error{ErrorCode::invalid_argument, "expected one word, the token"};
}

/// Whether a connection string of libpq, `key=value …` or a URI, has a password in it.
bool has_password(const std::string& dsn) {
  if (dsn.find("password") != std::string::npos) return true;
  const std::size_t user = dsn.find("://");
  if (user == std::string::npos) return false;
  const std::size_t end = dsn.find('@', user);
  return end != std::string::npos && dsn.find(':', user + 3) < end;
}

class FileChecks {
 public:
  FileChecks(Resolved& resolved, std::time_t now)
      : complaints_(resolved), config_(resolved.config), now_(now) {}

  void check_tls() {
    if (!config_.tls.is_on() || !complaints_.is_sound("tls")) return;
    const auto authority = read("tls.ca", config_.tls.ca);
    const auto certificate = read("tls.certificate", config_.tls.certificate);
    const auto key = read("tls.key", config_.tls.key);
    if (key) check_secret("tls.key", config_.tls.key);
    if (!authority || !certificate || !key || !complaints_.is_sound("node.name")) return;
    const certs::Credentials credentials{*authority, *certificate, *key};
    const bool is_any = config_.node.name == any_seat;
    for (const certs::Fault& fault :
         certs::check(credentials, is_any ? "" : config_.node.name, now_)) {
      const auto [key_path, file] = place_of(fault.part);
      complaints_.add(key_path, fault.what + ", in " + quote(file));
    }
    if (is_any && complaints_.is_sound("tls")) check_any_name(credentials.certificate);
  }

  void check_token() {
    const std::string& path = config_.http.token_file;
    if (path.empty() || !complaints_.is_sound("http.token_file")) return;
    const auto token = read("http.token_file", path);
    if (!token) return;
    check_secret("http.token_file", path);
    const auto word = token_in(*token);
    if (word && !word->empty()) return;
    complaints_.add("http.token_file",
                    "expected a file with a token, got " + quote(path) +
                        (word ? ", which is empty" : ", which has several words"));
  }

  void check_dsn() {
    constexpr const char* key = "log.postgres.dsn_file";
    if (config_.log.engine != LogEngine::postgres || !complaints_.is_sound("log")) return;
    const std::string& path = config_.log.dsn_file;
    if (const auto dsn = read_dsn(path); !dsn) {
      complaints_.add(key, dsn.error().message, "log.engine");
    } else if (!path.empty() && has_password(*dsn)) {
      check_secret(key, path);
    }
  }

 private:
  // Returns the config key for this part of the credentials, and the path of its file.
  [[nodiscard]] std::pair<std::string, std::string> place_of(certs::Part part) const {
    switch (part) {
      case certs::Part::authority:
        return {"tls.ca", config_.tls.ca};
      case certs::Part::certificate:
        return {"tls.certificate", config_.tls.certificate};
      case certs::Part::key:
        break;
    }
    return {"tls.key", config_.tls.key};
  }

  // Of the nodes that the configuration lists, the process may become at least one.
  void check_any_name(const std::string& certificate) {
    const auto names = certs::node_names(certificate);
    const auto is_named = [&](const MemberConfig& node) {
      return may_take(config_, node) &&
             std::find(names.begin(), names.end(), node.name) != names.end();
    };
    const auto& nodes = config_.cluster.nodes;
    if (nodes.empty() || std::any_of(nodes.begin(), nodes.end(), is_named)) return;
    complaints_.add("tls.certificate",
                    "expected a certificate that names at least one of the nodes of node.name, got "
                    "none, in " +
                        quote(config_.tls.certificate));
  }

  std::optional<std::string> read(const std::string& key, const std::string& path) {
    auto text = read_file(path);
    if (text) return std::move(*text);
    complaints_.add(key,
                    "expected a readable file, got " + quote(path) + ": " + text.error().message);
    return std::nullopt;
  }

  // Reading by the group is allowed: a service can share the file with its operators.
  void check_secret(const std::string& key, const std::string& path) {
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0 || (status.st_mode & S_IROTH) == 0) return;
    complaints_.add(
        key, "expected a file that not everybody may read, got " + quote(path) + "; chmod o-r it");
  }

  Complaints complaints_;
  const Config& config_;
  std::time_t now_;
};

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const OpenFile file(path);
  if (file.handle() < 0) return failed(errno);
  std::string text;
  std::array<char, 16'384> part{};
  while (text.size() <= file_bytes_max) {
    if (!await_readable(file.handle())) {
      return Error{ErrorCode::storage_failed, "it is a pipe, and nothing was written to it for " +
                                                  std::to_string(piece_wait.count()) + " s"};
    }
    const ssize_t count = ::read(file.handle(), part.data(), part.size());
    if (count == 0) break;
    if (count > 0) {
      text.append(part.data(), static_cast<std::size_t>(count));
    } else if (errno != EINTR && errno != EAGAIN) {
      return failed(errno);
    }
  }
  return text;
}

Result<std::string> read_token(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return Error{text.error().code, path + ": " + text.error().message};
  auto token = token_in(*text);
  if (!token) return Error{token.error().code, path + ": " + token.error().message};
  return token;
}

Result<std::string> read_dsn(const std::string& path) {
  std::string text;
  if (path.empty()) {
    const char* const variable = std::getenv(dsn_variable);
    if (variable != nullptr) text = variable;
  } else {
    auto read = read_file(path);
    if (!read) return Error{read.error().code, path + ": " + read.error().message};
    text = std::move(*read);
    if (text.size() > dsn_bytes_max) {
      return Error{ErrorCode::invalid_argument,
                   path + ": expected a connection string of at most 64 KiB, got more"};
    }
    if (text.find('\0') != std::string::npos) {
      return Error{ErrorCode::invalid_argument,
                   path + ": expected a connection string, got a file with NUL bytes"};
    }
  }
  std::string dsn = trimmed(text);
  if (!dsn.empty()) return dsn;
  std::string expected =
      "expected the path of a file with a connection string, or one in the "
      "environment as MILLRACE_POSTGRES_DSN";
  if (!path.empty()) expected = path + ": expected a connection string, got an empty file";
  return Error{ErrorCode::invalid_argument, std::move(expected)};
}

std::optional<std::time_t> certificates_end(const TlsConfig& tls) {
  if (!tls.is_on()) return std::nullopt;
  const auto authority = read_file(tls.ca);
  const auto certificate = read_file(tls.certificate);
  if (!authority || !certificate) return std::nullopt;
  return certs::end_of(*authority, *certificate);
}

std::optional<std::vector<std::string>> certificate_names(const TlsConfig& tls) {
  if (!tls.is_on()) return std::nullopt;
  const auto certificate = read_file(tls.certificate);
  return certificate ? certs::node_names(*certificate) : std::vector<std::string>();
}

std::vector<Variable> environment() {
  std::vector<Variable> variables;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view text(*each);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.push_back({.name = std::string(text.substr(0, equals)),
                         .value = std::string(text.substr(equals + 1))});
  }
  return variables;
}

Resolved load(const Inputs& inputs, std::time_t now) {
  Resolved resolved = resolve(inputs, read_file);
  FileChecks checks(resolved, now);
  checks.check_tls();
  checks.check_token();
  checks.check_dsn();
  sort_problems(resolved.problems);
  return resolved;
}

}  // namespace millrace::config
