// The program's own rows of the key table: see cluster/config/program_keys.hpp.
#pragma once

#include <string>
#include <vector>

#include "cluster/config/keys/key_table.hpp"
#include "cluster/config/program_keys.hpp"

namespace millrace::config {

/// A key of the program, after checks.
struct ProgramKey {
  ConfigKey key;
  std::string fallback;  ///< as TOML; empty: none
};

/// All of them. Set at most once, before the first call of key_table(), whose rows refer to their texts.
[[nodiscard]] std::vector<ProgramKey>& program_keys();

/// The row of the key table. Refers to `from`.
[[nodiscard]] Key row_of(const ProgramKey& from);

}  // namespace millrace::config
