#include "cluster/node/standby.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "actors/base/clock.hpp"
#include "cluster/config/file/load.hpp"
#include "cluster/http/service/http_service.hpp"
#include "cluster/node/http_options.hpp"

namespace millrace::cluster {
namespace {

/// For answers that are being sent when the process has a seat: longer than one takes, and short, as the
/// seat is served after it.
constexpr std::chrono::milliseconds grace{200};

class StandbyApi final : public http::NodeApi {
 public:
  StandbyApi(const config::Config& config, const Standby::Options& options)
      : options_(options), shards_(config.cluster.shards), cluster_(config.cluster.name) {
    const auto end = config::certificates_end(config.tls);
    certificates_end_us_ = end ? static_cast<TimeUs>(*end) * 1'000'000 : 0;
  }

  void set_seats(const std::vector<postgres_log::Seat>& seats) {
    const std::lock_guard lock(mutex_);
    seats_ = seats;
  }
  void set_reason(const Error& reason) {
    const std::lock_guard lock(mutex_);
    reason_ = reason.message;
  }
  void set_follows(const std::string& text) {
    const std::lock_guard lock(mutex_);
    follows_ = text;
  }

  http::NodeStatus status() override {
    http::NodeStatus status;
    status.node = std::string(config::any_seat);
    status.cluster = cluster_;
    status.version = options_.version;
    status.state = "standby";
    status.started_at_us = started_at_us_;
    status.shards = shards_;
    status.certificates_end_us = certificates_end_us_;
    return status;
  }
  Result<void> ready() override { return refusal(); }
  std::vector<http::Member> members() override {
    const std::lock_guard lock(mutex_);
    std::vector<http::Member> members;
    for (const postgres_log::Seat& seat : seats_) {
      http::Member& member = members.emplace_back();
      member.name = seat.name;
      member.address = seat.address;
      member.http = seat.http;
      member.state = "unknown";
      member.is_unreachable = seat.lease_left.count() <= 0;
      member.incarnation = seat.epoch;
    }
    return members;
  }
  Result<void> drain() override {
    if (!options_.on_drain) return refusal();
    options_.on_drain();
    return {};
  }
  std::vector<http::ShardView> shards() override { return {}; }
  std::vector<http::ShardConflict> conflicts() override { return {}; }
  Result<void> move_shard(const std::string& /*role*/, std::uint32_t /*shard*/,
                          const std::string& /*to*/) override {
    return refusal();
  }
  std::vector<QueueInfo> queues() override { return {}; }
  std::vector<http::PipelineGraph> pipelines() override { return {}; }
  std::string type_of(const std::string& /*queue*/) override { return {}; }
  Result<void> offer(const http::OfferRequest& /*request*/, http::OfferDone /*done*/) override {
    return refusal();
  }
  void offer_all(std::vector<http::OfferRequest> requests, http::OffersDone done) override {
    done(std::vector<Result<http::Offered>>(requests.size(), refusal()));
  }
  Result<std::vector<MessageView>> peek(const std::string& /*queue*/, std::uint64_t /*max*/,
                                        const MessageFilter& /*filter*/) override {
    return refusal();
  }
  Result<Removed> redrive(const std::string& /*queue*/, const MessageFilter& /*filter*/,
                          std::uint64_t /*max*/) override {
    return refusal();
  }
  Result<Removed> drop(const std::string& /*queue*/, const MessageFilter& /*filter*/,
                       std::uint64_t /*max*/) override {
    return refusal();
  }
  Result<KeyView> key(const std::string& /*queue*/, const std::string& /*key*/) override {
    return refusal();
  }
  std::optional<http::Member> owner(const std::string& /*queue*/,
                                    const std::string& /*key*/) override {
    return std::nullopt;
  }
  std::string owner_name(const std::string& /*queue*/, std::uint32_t /*shard*/) override {
    return {};
  }
  Result<logs::BackupInfo> back_up(const std::string& /*target*/) override { return refusal(); }
  logs::LogStats log_stats() override { return {}; }
  Result<std::optional<std::uint64_t>> free_storage_bytes() override {
    return std::optional<std::uint64_t>();
  }
  std::vector<StageCounts> stages() override { return {}; }

 private:
  [[nodiscard]] Error refusal() const {
    const std::lock_guard lock(mutex_);
    return {ErrorCode::unreachable, follows_.empty() ? reason_ : reason_ + "; " + follows_};
  }

  const Standby::Options options_;
  const std::uint32_t shards_;
  const std::string cluster_;
  const TimeUs started_at_us_ = SystemClock().now_us();
  TimeUs certificates_end_us_ = 0;
  mutable std::mutex mutex_;  ///< guards what follows
  std::string reason_ = "standby: this process has not looked for a seat yet";
  std::string follows_;
  std::vector<postgres_log::Seat> seats_;
};

}  // namespace

class Standby::Parts {
 public:
  Parts(const config::Config& config, const Options& options) : api(config, options) {}

  StandbyApi api;
  std::string address{};
  std::unique_ptr<http::HttpService> service{};  ///< null: stopped
};

Result<std::unique_ptr<Standby>> Standby::start(const config::Config& config,
                                                const Options& options) {
  auto wanted = http_options(config);
  if (!wanted) return wanted.error();
  auto parts = std::make_unique<Parts>(config, options);
  auto service = http::HttpService::start(*wanted, parts->api);
  if (!service) return service.error();
  parts->service = *std::move(service);
  parts->address = parts->service->address();
  return std::unique_ptr<Standby>(new Standby(std::move(parts)));
}

Standby::Standby(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Standby::~Standby() {
  stop();
}

void Standby::set_seats(const std::vector<postgres_log::Seat>& seats) {
  parts_->api.set_seats(seats);
}

void Standby::set_reason(const Error& reason) {
  parts_->api.set_reason(reason);
}

void Standby::set_follows(const std::string& text) {
  parts_->api.set_follows(text);
}

const std::string& Standby::address() const {
  return parts_->address;
}

void Standby::stop() {
  if (!parts_->service) return;
  parts_->service->stop(grace);
  parts_->service.reset();
}

}  // namespace millrace::cluster
