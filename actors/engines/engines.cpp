#include "actors/engines/engines.hpp"

#include "actors/postgres_log/engine.hpp"

namespace millrace::engines {

std::shared_ptr<logs::Engine> make_engine(const postgres_log::Options& options) {
  return std::make_shared<postgres_log::PostgresEngine>(options);
}

}  // namespace millrace::engines
