// Style sheet and script that are embedded in the HTML report.
#pragma once

#include <string_view>

namespace millrace::report {

/// CSS; light or dark by the preference of the browser.
extern const std::string_view page_style;

/// Shows values in a tooltip. The page works without scripts.
extern const std::string_view page_script;

}  // namespace millrace::report
