// The key table as a tree, to walk a document along.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/config/keys/key_table.hpp"

namespace millrace::config {

struct Schema {
  enum class Shape : std::uint8_t {
    value,
    table,
    list,   ///< of tables; `children` are the keys of one
    named,  ///< table whose names the user chooses; `children` is one, called "*"
  };

  std::string name;  ///< last part of the path
  Shape shape = Shape::table;
  const Key* key = nullptr;      ///< of a value
  const Group* group = nullptr;  ///< of the others, where the table says something about them
  std::vector<Schema> children{};

  /// The child that `member` of a document goes with: by its name, or "*". Null: unknown.
  [[nodiscard]] const Schema* child(std::string_view member) const;
};

/// The tree of key_table().
[[nodiscard]] const Schema& schema();

/// `path` continued by `name`, which is quoted where it is no bare key. "" is the root.
[[nodiscard]] std::string join(const std::string& path, std::string_view name);

/// "expected …, got an unknown one" for the name `name` in the table `path`, with what was
/// probably meant: the near name, or the same name elsewhere, or the names that there are.
[[nodiscard]] std::string explain_unknown(const Schema& table, const std::string& path,
                                          std::string_view name);

}  // namespace millrace::config
