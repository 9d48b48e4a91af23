// Loads the configuration of a node: files, environment and overrides become a checked Config, or
// the list of all errors. A later source wins over an earlier one:
//
//   defaults < document < include < file < environment < --set < flag
//
// The steps, in this order:
//
//   read/toml_reader   files            -> document (a tree of values with positions)
//   read/overrides     --set, variables -> merged into the document
//   read/resolved      document         -> Config and settings, by the key table
//   check/             Config           -> problems between keys
//   load()             files of [tls] and http.token_file -> problems
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "cluster/config/read/overrides.hpp"
#include "cluster/config/read/resolved.hpp"
#include "cluster/config/read/toml_reader.hpp"

namespace millrace::config {

struct Inputs {
  std::string file;  ///< path of the config file; empty: no file
  Node document{};   ///< what a program sets itself
  std::vector<Variable> environment{};
  std::vector<std::string> sets{};  ///< "path=value" each
  std::vector<Flag> flags{};
};

/// Reads and checks the configuration; reports all errors at once. If a file cannot be read or is
/// not TOML, skips the checks of required keys and between keys. Does no I/O except calls of `read`
/// for config files; does not check the files that keys name.
[[nodiscard]] Resolved resolve(const Inputs& inputs, const ReadFile& read);

/// Sorts problems by file, line and column, and removes duplicates.
void sort_problems(Problems& problems);

/// Reads a file up to a little beyond file_bytes_max, so that read_toml() can refuse a larger one.
/// Fails with `not_found` or `storage_failed` (also if it is a pipe that nobody writes to for 5 s); the message is
/// the reason without the path. Blocks.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

/// Reads the token in a file, without surrounding white space; empty for an empty file. Fails with
/// `not_found` or `storage_failed`, and with `invalid_argument` if the file holds several words.
/// Blocks.
[[nodiscard]] Result<std::string> read_token(const std::string& path);

/// Reads the connection string of PostgreSQL from the file at `path`, without surrounding white space;
/// if `path` is empty, from the environment variable MILLRACE_POSTGRES_DSN. Fails with `not_found` or
/// `storage_failed`, and with `invalid_argument` if there is none, or the file has more than 64 KiB or NUL bytes;
/// no message quotes it. Blocks.
[[nodiscard]] Result<std::string> read_dsn(const std::string& path);

/// When the certificate of the node, or the authority that signed it, ends: the earlier of the two.
/// nullopt: TLS is off, or the files cannot be read. Blocks.
[[nodiscard]] std::optional<std::time_t> certificates_end(const TlsConfig& tls);

/// The names in the certificate of the node, as certs::node_names(); nullopt: TLS is off. Blocks.
[[nodiscard]] std::optional<std::vector<std::string>> certificate_names(const TlsConfig& tls);

/// All environment variables of this process. Not safe while another thread calls setenv().
[[nodiscard]] std::vector<Variable> environment();

/// Calls resolve() with read_file(), then checks the files that the config names: the TLS files
/// match each other and node.name and are valid at `now`; the private key, the HTTP token and the
/// connection string of PostgreSQL are not readable by others. Relative paths start at the working directory. Blocks.
[[nodiscard]] Resolved load(const Inputs& inputs, std::time_t now);

}  // namespace millrace::config
