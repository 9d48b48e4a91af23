#include "cluster/node/log_move.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "actors/base/clock.hpp"
#include "actors/state_store/rocks_table.hpp"
#include "cluster/node/incarnation.hpp"

namespace millrace::cluster {
namespace {

/// Data directory of a journal; null: another engine.
const std::filesystem::path* data_dir_of(const engines::AnyLog& log) {
  const auto* journal = std::get_if<engines::LogOptions>(&log);
  return journal != nullptr ? &journal->data_dir : nullptr;
}

Result<std::uint64_t> latest_start(const std::filesystem::path& data_dir) {
  const auto latest = latest_incarnation(data_dir);
  if (!latest) return latest.error();
  if (!latest->is_copy) return latest->number;
  return Error{ErrorCode::outdated,
               data_dir.string() +
                   ": this is a copy of a data directory, or a restored one, and was not compared "
                   "with the other nodes yet; start the node on it first"};
}

}  // namespace

Result<LogCopyInfo> move_log(const engines::AnyLog& from, const engines::AnyLog& to) {
  const auto from_where = engines::where(from);
  if (!from_where) return from_where.error();
  const auto to_where = engines::where(to);
  if (!to_where) return to_where.error();
  if (*from_where == *to_where) {
    return Error{ErrorCode::invalid_argument, "source and target are both " + *from_where};
  }
  auto source = engines::open_copy_source(from, *to_where);
  if (!source) return source.error();
  std::uint64_t latest = source->epoch;
  std::unique_ptr<states::StateStore> states;
  if (const auto* const data_dir = data_dir_of(from)) {
    const auto started = latest_start(*data_dir);
    if (!started) return started.error();
    latest = *started;
    states = states::stored_states(*data_dir);
  }
  auto target = engines::open_copy_target(to, latest);
  if (!target && target.error().code == ErrorCode::foreign_file && source->log->was_given_up()) {
    return Error{ErrorCode::outdated, *from_where + " has moved to " + *to_where + " already"};
  }
  if (!target) return target.error();
  auto copied = copy_log(*source->log, **target, std::move(states));
  if (!copied) return copied;
  if (const auto* const data_dir = data_dir_of(to)) {
    const auto now = static_cast<std::uint64_t>(SystemClock().now_us());
    if (auto done = confirm_directory(*data_dir, std::max(latest, now)); !done) return done.error();
  }
  if (auto given = source->log->give_up(*to_where); !given) {
    return Error{given.error().code, "the source may have been given up: " + given.error().message +
                                         "; run the same command again"};
  }
  if (auto completed = (*target)->complete(); !completed) {
    return Error{completed.error().code,
                 *from_where + " was given up, but the copy is not complete: " +
                     completed.error().message + "; run the same command again"};
  }
  return copied;
}

}  // namespace millrace::cluster
