// Files of a few bytes that are replaced as a whole.
#pragma once

#include <functional>

#include "actors/files/file_system.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// Makes a new file with what `fill` writes into it, and puts it in the place of the one at `path`, durably. If
/// it fails, the former file is as it was. Fails as the file system, or with the error of `fill`. Blocks.
[[nodiscard]] Result<void> replace_file(files::FileSystem& files,
                                        const files::FileSystem::Path& path,
                                        const std::function<Result<void>(files::File& file)>& fill);

}  // namespace millrace::cluster
