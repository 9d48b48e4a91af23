// EmbeddedOptions as the document that a config file would be: from there on one code applies
// defaults, checks all keys, and names what is wrong.
#pragma once

#include "cluster/config/read/document.hpp"
#include "cluster/embed/embedded_options.hpp"

namespace millrace::embed {

/// `options` without `settings`. The place of each value is "options". Options that are empty, but for
/// `node` and `data_dir`, are left out, and get the default of their key.
[[nodiscard]] config::Node document_of(const EmbeddedOptions& options);

/// "path=value" of each of `settings`, as config::apply_sets() takes them.
[[nodiscard]] std::vector<std::string> sets_of(const EmbeddedOptions& options);

/// One line for each problem. What is wrong with one of `settings` is placed there.
[[nodiscard]] std::string text_of(const config::Problems& problems);

}  // namespace millrace::embed
