// The engine that keeps the log of a node, as its configuration says, and what a start takes from it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "actors/base/time.hpp"
#include "actors/log/engine.hpp"
#include "cluster/config/config.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// The engine for `config`; null: the journal, which the runtime makes of its options. Connects to
/// nothing. With PostgreSQL it reads the connection string. Fails as config::read_dsn(). `on_wait`: told
/// why take_start() waits, on its thread; may be null.
[[nodiscard]] Result<std::shared_ptr<logs::Engine>> make_log_engine(
    const config::Config& config, std::function<void(const Error&)> on_wait = {});

/// What a start of a node takes before anything of it runs.
struct Start {
  std::uint64_t incarnation = 0;
  /// The data directory is a copy; see Incarnation. False where the database is the log: of that there
  /// is one.
  bool is_copy = false;
  std::shared_ptr<logs::OpenedLog> log{};  ///< opened by take_start(); null: nobody has opened it
};

/// Takes the next incarnation of the node: from its data directory, or, with PostgreSQL, the epoch of its
/// seat. The latter blocks while another process holds the seat, or no server can be reached, until
/// Engine::cancel(). Fails as next_incarnation() or Engine::open(). `engine`: of make_log_engine().
[[nodiscard]] Result<Start> take_start(const config::Config& config, logs::Engine* engine,
                                       TimeUs now_us);

}  // namespace millrace::cluster
