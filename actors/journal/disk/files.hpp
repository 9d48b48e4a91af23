// Access to files, under the names that the journal uses.
#pragma once

#include "actors/files/aligned_buffer.hpp"
#include "actors/files/data_files.hpp"
#include "actors/files/file_system.hpp"

namespace millrace::journal {

using files::Access;
using files::AlignedBuffer;
using files::File;
using files::FileLock;
using files::FileSystem;
using files::LockMode;
using files::OpenMode;
using files::posix_file_system;
using files::unfinished_suffix;

}  // namespace millrace::journal
