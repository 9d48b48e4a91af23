// Schema: the key table as a tree, with the same shape as a document.
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
    list,   ///< of tables; `children` are the keys of one item
    named,  ///< a table whose keys the user chooses; its only child is named "*"
  };

  std::string name;  ///< last part of the path
  Shape shape = Shape::table;
  const Key* key = nullptr;      ///< set if shape is value
  const Group* group = nullptr;  ///< of other shapes; nullptr if the key table has no row for it
  std::vector<Schema> children{};

  /// Returns the child for the document member named `member`: that of this name, or "*"; nullptr if
  /// the key is unknown.
  [[nodiscard]] const Schema* child(std::string_view member) const;
};

/// The tree of key_table(). Lives until the process ends.
[[nodiscard]] const Schema& schema();

/// Appends `name` to the key path `path` ("" is the root). Quotes `name` if it is not a bare key.
[[nodiscard]] std::string join(const std::string& path, std::string_view name);

/// Error text for the unknown key `name` in the table at `path`: "expected a known key, got an
/// unknown one" with a suggestion. The suggestion is the nearest name in the table, the same name in
/// another table, or the list of known names, in this order.
[[nodiscard]] std::string explain_unknown(const Schema& table, const std::string& path,
                                          std::string_view name);

}  // namespace millrace::config
