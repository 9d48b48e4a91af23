// Copies between data directories and schemas of a primary with a synchronous standby.
#include "tests/log_copy/copy_place.hpp"
#include "tests/postgres_log/server_pair.hpp"

namespace millrace::logs {
namespace {

class PostgresPlace final : public CopyPlace {
 public:
  PostgresPlace() {
    static int count = 0;
    schema_ = "copy" + std::to_string(++count);
  }

  [[nodiscard]] engines::AnyLog log() const override {
    using postgres_log::ServerPair;
    postgres_log::Options options;
    options.dsn = ServerPair::dsn(ServerPair::shared().primary_directory()) + " dbname=postgres";
    options.schema = schema_;
    options.node = "node";
    options.holder = "test";
    options.segment_bytes = 64U << 10;
    options.group_bytes_max = 8U << 10;
    options.record_bytes_max = 32U << 10;
    return options;
  }

 private:
  std::string schema_;
};

}  // namespace

std::vector<NamedPlace> copy_places() {
  return {{"Journal", make_journal_place}, {"Postgres", [] {
                                              return std::make_unique<PostgresPlace>();
                                            }}};
}

}  // namespace millrace::logs
