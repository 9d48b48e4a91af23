// Text within HTML.
#pragma once

#include <string>
#include <string_view>

namespace millrace::report {

/// `text` as HTML content or a quoted attribute's value.
[[nodiscard]] std::string escaped(std::string_view text);

/// JSON that may stand within a <script> element: no "<" is left that could end it.
[[nodiscard]] std::string script_json(std::string_view json);

}  // namespace millrace::report
