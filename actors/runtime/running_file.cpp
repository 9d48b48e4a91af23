#include "actors/runtime/running_file.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/files/data_files.hpp"
#include "actors/queue/decide/suspicion.hpp"

namespace millrace {
namespace {

constexpr std::size_t page_bytes = 4096;
constexpr mode_t file_mode = 0640;

Error failed(const std::filesystem::path& path, const std::string& action, int reason) {
  const bool is_full = reason == ENOSPC || reason == EDQUOT;
  return {is_full ? ErrorCode::storage_full : ErrorCode::storage_failed,
          path.string() + ": cannot " + action + ": " + std::generic_category().message(reason)};
}

/// Closes the file, which stays mapped.
struct Descriptor {
  explicit Descriptor(int opened) : value(opened) {}
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int value;
};

SharedWords words_in_memory(std::size_t words) {
  const auto memory = std::make_shared<std::vector<std::uint64_t>>(words);
  return {*memory, memory};
}

void warn_of(const pb::Suspect& suspect, const Store& store) {
  const pb::Declaration& queue = store.queues().at(suspect.queue()).declaration;
  const bool is_poison = suspect.own_deaths() >= queues::poison_deaths;
  spdlog::log(
      is_poison ? spdlog::level::err : spdlog::level::warn,
      "message {} of queue {} shard {} was being handled when the process ended, {} times in "
      "a row, {} of them alone{}",
      suspect.sequence(), queue.name(), queue.shard(), suspect.deaths(), suspect.own_deaths(),
      is_poison ? ": it becomes a dead letter, poison" : "");
}

}  // namespace

Result<SharedWords> open_running_file(const std::filesystem::path& path, std::size_t words) {
  const Descriptor file(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, file_mode));
  if (file.value < 0) return failed(path, "open", errno);
  struct stat info = {};
  if (::fstat(file.value, &info) != 0) return failed(path, "stat", errno);
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::storage_failed, path.string() + ": expected a regular file"};
  }
  if (info.st_size == 0 && ::fchmod(file.value, file_mode) != 0) {
    return failed(path, "set the mode", errno);
  }
  const std::size_t needed = std::max(words * sizeof(std::uint64_t), page_bytes);
  const std::size_t bytes = std::max(static_cast<std::size_t>(info.st_size),
                                     (needed + page_bytes - 1) / page_bytes * page_bytes);
  if (const int full = ::posix_fallocate(file.value, 0, static_cast<off_t>(bytes)); full != 0) {
    return failed(path, "allocate " + std::to_string(bytes) + " bytes", full);
  }
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.value, 0);
  if (memory == MAP_FAILED) return failed(path, "map", errno);
  return SharedWords{
      {static_cast<std::uint64_t*>(memory), bytes / sizeof(std::uint64_t)},
      std::shared_ptr<void>(memory, [bytes](void* mapped) { ::munmap(mapped, bytes); })};
}

std::shared_ptr<receivers::RunningTable> begin_run(const std::filesystem::path& data_dir,
                                                   NodePlan& plan, Store& store) {
  const std::size_t words = running_words(plan);
  SharedWords shared = words_in_memory(words);
  if (!data_dir.empty()) {
    if (auto opened = open_running_file(data_dir / files::running_name, words)) {
      shared = std::move(*opened);
    } else {
      spdlog::warn("a message that ends the process will not be recognised: {}",
                   opened.error().message);
    }
  }
  bool drained = false;
  const auto calls = receivers::RunningTable::read(shared.words, drained);
  add_suspects(plan, store, calls, drained);
  for (const pb::Suspect& suspect : plan.suspects) warn_of(suspect, store);
  return std::make_shared<receivers::RunningTable>(shared.words, shared.owner);
}

}  // namespace millrace
