// Opener: who opens a log.
#pragma once

#include <cstdint>

namespace millrace::logs {

enum class Opener : std::uint8_t {
  writer,  ///< a node that will append: no other process has the log open, or it is fenced
  reader,  ///< a tool: no node appends while it has the log open, or the tool sees one prefix of it
};

}  // namespace millrace::logs
