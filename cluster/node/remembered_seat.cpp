#include "cluster/node/remembered_seat.hpp"

#include <array>
#include <sstream>
#include <string>

#include "actors/files/data_files.hpp"
#include "cluster/node/small_file.hpp"

namespace millrace::cluster {

using postgres_log::SeatMemory;

Result<SeatMemory> remembered_seat(const std::filesystem::path& directory,
                                   files::FileSystem& files) {
  const auto path = directory / files::seat_name;
  const auto file = files.open(path, files::OpenMode::read, files::Access::buffered);
  if (!file && file.error().code == ErrorCode::not_found) return SeatMemory{};
  if (!file) return file.error();
  std::array<char, 256> bytes{};
  const auto got = (*file)->read(0, bytes);
  if (!got) return got.error();
  std::istringstream text(std::string(bytes.data(), *got));
  SeatMemory memory{.kept_in = path.string()};
  if (text >> memory.epoch >> memory.number >> memory.schema) return memory;
  return Error{ErrorCode::corrupt,
               path.string() + ": expected an epoch, the number of a seat and the id of a schema"};
}

Result<void> remember_seat(const std::filesystem::path& directory, const SeatMemory& memory,
                           files::FileSystem& files) {
  if (auto made = files.make_dir(directory); !made) return made;
  const std::string text = std::to_string(memory.epoch) + ' ' + std::to_string(memory.number) +
                           ' ' + memory.schema + '\n';
  return replace_file(files, directory / files::seat_name,
                      [&](files::File& file) { return file.write(0, text); });
}

}  // namespace millrace::cluster
