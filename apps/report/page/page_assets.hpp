// The style and the script of the HTML report, which it carries within itself.
#pragma once

#include <string_view>

namespace millrace::report {

/// CSS; light and dark by the reader's own setting.
extern const std::string_view page_style;

/// Shows the values under the pointer. Without it the page lacks nothing else.
extern const std::string_view page_script;

}  // namespace millrace::report
