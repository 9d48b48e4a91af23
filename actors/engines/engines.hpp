// The choice of the engine that keeps the log of a node. The only room that names engines. Links a
// client of PostgreSQL; the runtime, which does not, includes journal_engine.hpp alone.
#pragma once

#include <memory>

#include "actors/engines/journal_engine.hpp"
#include "actors/postgres_log/options.hpp"

namespace millrace::engines {

/// The engine for a log in PostgreSQL. Connects to nothing and checks nothing yet.
[[nodiscard]] std::shared_ptr<logs::Engine> make_engine(const postgres_log::Options& options);

}  // namespace millrace::engines
