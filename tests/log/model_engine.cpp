#include "tests/log/model_engine.hpp"

#include <chrono>
#include <span>
#include <utility>

#include "tests/log/model_log.hpp"

namespace millrace::logs {
namespace {

class OpenedModel final : public OpenedLog {
 public:
  OpenedModel(ModelServer& server, ModelClient client, const ModelOptions& options, ModelData data)
      : server_(server), client_(client), options_(options), data_(std::move(data)) {}

  [[nodiscard]] std::uint64_t epoch() const override { return data_.epoch; }

  Result<Recovered> recover(const EntryVisitor& on_entry, const FrameVisitor& on_frame) override {
    Recovered recovered;
    recovered.last_lsn = data_.last_lsn();
    for (auto at = data_.checkpoints.rbegin(); at != data_.checkpoints.rend(); ++at) {
      const auto& [number, checkpoint] = *at;
      if (checkpoint.is_damaged) {
        recovered.warnings.push_back("checkpoint " + std::to_string(number) + " is damaged");
        continue;
      }
      recovered.has_checkpoint = true;
      recovered.replay_from = checkpoint.replay_from;
      for (const auto& [section, bytes] : checkpoint.entries) {
        if (auto visited = on_entry(section, bytes); !visited) return visited.error();
      }
      break;
    }
    for (const auto& [number, segment] : data_.segments) {
      for (std::uint32_t i = 0; i < segment.rows.size(); ++i) {
        const Lsn lsn = segment.first_lsn + i;
        if (lsn < recovered.replay_from) continue;
        const ModelRow& row = segment.rows[i];
        const auto visited = on_frame({lsn, make_place(number, i), row.shard, row.body});
        if (!visited) return visited.error();
      }
    }
    return recovered;
  }

  Result<void> read(std::span<const Place> places, const PlaceVisitor& visitor) override {
    return visit(data_, places, visitor);
  }

  Result<std::unique_ptr<Log>> start(Listener& listener) override {
    return std::unique_ptr<Log>(
        std::make_unique<ModelLog>(server_, client_, options_, data_, listener));
  }

 private:
  ModelServer& server_;
  const ModelClient client_;
  const ModelOptions options_;
  const ModelData data_;
};

}  // namespace

Result<std::unique_ptr<OpenedLog>> ModelEngine::open(Opener opener) {
  while (true) {
    if (is_cancelled_) return Error{ErrorCode::draining, "the opening was cancelled"};
    ModelData copy;
    const auto look = [&](ModelData& data) -> Result<void> {
      if (opener == Opener::writer) ++data.epoch;
      if (data.epoch == 0) return Error{ErrorCode::not_found, "there is no log"};
      copy = data;
      return {};
    };
    // As writer, the commit of the epoch makes durable all that was found.
    const Result<void> opened =
        opener == Opener::writer ? server_.write(client_, look) : server_.run(client_, look);
    if (opened) {
      return std::unique_ptr<OpenedLog>(
          std::make_unique<OpenedModel>(server_, client_, options_, std::move(copy)));
    }
    if (opener == Opener::reader || opened.error().code != ErrorCode::log_unreachable) {
      return opened.error();
    }
    server_.await_reachable(client_, std::chrono::steady_clock::now() + options_.patience,
                            [&] { return is_cancelled_.load(); });
  }
}

void ModelEngine::cancel() {
  is_cancelled_ = true;
  server_.wake();
}

}  // namespace millrace::logs
