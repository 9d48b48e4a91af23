// The files of the page at /ui/, which are part of the program: plain ES modules, as they are in this folder.
#pragma once

#include <span>
#include <string_view>

namespace millrace::http {

struct PageFile {
  std::string_view name;
  std::string_view type;  ///< Content-Type
  std::string_view text;
};

/// Valid for the life of the process.
[[nodiscard]] std::span<const PageFile> page_files();

}  // namespace millrace::http
