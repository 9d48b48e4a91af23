// The shell around config_core.hpp: real files, the real environment, the real clock.
#pragma once

#include <ctime>
#include <string>
#include <vector>

#include "cluster/config/read/overrides.hpp"
#include "cluster/config/read/resolved.hpp"
#include "cluster/config/read/toml_reader.hpp"

namespace millrace::config {

struct Inputs {
  std::string file;  ///< where reading begins; empty: there is none
  std::vector<Variable> environment{};
  std::vector<std::string> sets{};  ///< "path=value" each
  std::vector<Flag> flags{};
};

/// Reads and checks everything. All mistakes are found at once; what a file that is no TOML might
/// have said is not guessed. Files are read through `read`, and none but the config's own: whether
/// certificates are there is for load.hpp.
[[nodiscard]] Resolved resolve(const Inputs& inputs, const ReadFile& read);

/// Puts problems in the order of their places, file by file; of equal ones the first stays.
void sort_problems(Problems& problems);

/// Reads a config file, at most a byte more than toml_reader.hpp allows. Fails with `not_found` or
/// `storage_failed`, the message saying only why. Blocks.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

/// The token in a file, without the white space around it. Fails as read_file does.
[[nodiscard]] Result<std::string> read_token(const std::string& path);

/// All variables of this process's environment.
[[nodiscard]] std::vector<Variable> environment();

/// resolve() with files from the disk; then the files that the config names are looked at as well:
/// TLS files belong together, to the node and to the time `now`, and neither the private key nor
/// the HTTP token is for all to read. A path is from where the program runs. Blocks.
[[nodiscard]] Resolved load(const Inputs& inputs, std::time_t now);

}  // namespace millrace::config
