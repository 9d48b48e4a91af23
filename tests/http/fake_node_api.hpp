// A node that exists in a test's variables only.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cluster/http/node_api.hpp"

namespace millrace::http {

/// Peers that answer as a test says.
class FakePeers : public PeerAsker {
 public:
  struct Asked {
    std::vector<std::string> peers;
    PeerQuestion question;
  };

  std::vector<Result<PeerAnswer>> ask(const std::vector<std::string>& peers,
                                      const PeerQuestion& question,
                                      std::chrono::milliseconds /*timeout*/) override {
    asked.push_back({peers, question});
    std::vector<Result<PeerAnswer>> found;
    for (const std::string& peer : peers) found.push_back(answers.at(peer));
    return found;
  }

  std::map<std::string, Result<PeerAnswer>> answers{};
  std::vector<Asked> asked{};
};

class FakeNodeApi : public NodeApi {
 public:
  NodeStatus status() override {
    return {.node = "a",
            .cluster = "test",
            .version = "1.2.3",
            .state = "up",
            .shards = 4,
            .is_storage_full = is_storage_full,
            .certificates_end_us = certificates_end_us,
            .clock_steps = clock_steps};
  }
  Result<void> ready() override { return readiness; }
  std::vector<Member> members() override { return member_list; }
  Result<void> drain() override {
    ++drains;
    return {};
  }
  std::vector<ShardView> shards() override { return shard_list; }
  std::vector<ShardConflict> conflicts() override { return conflict_list; }
  std::vector<WaitingShardsView> waiting() override { return waiting_list; }
  Result<void> give_up(const std::string& node) override {
    given_up.push_back(node);
    return {};
  }
  Result<void> move_shard(const std::string& role, std::uint32_t shard,
                          const std::string& to) override {
    moves.push_back({.role = role, .shard = shard, .moving_to = to});
    if (failure) return *failure;
    return {};
  }
  std::vector<QueueInfo> queues() override {
    const std::lock_guard lock(mutex);
    return queue_list;
  }
  std::vector<PipelineGraph> pipelines() override {
    return {{"orders", {{"charge", "in", {"out"}, "in.dead", 2}}}};
  }
  std::string type_of(const std::string&) override { return "google.protobuf.StringValue"; }
  Result<void> offer(const OfferRequest& request, OfferDone done) override {
    {
      const std::lock_guard lock(mutex);
      offers.push_back(request);
      if (failure) return *failure;
      if (holds_offers) {
        held_offers.push_back(std::move(done));
        offered.notify_all();
        return {};
      }
    }
    done(Offered{request.queue, request.key.value_or("k"), 3});
    return {};
  }
  void offer_all(std::vector<OfferRequest> requests, OffersDone done) override {
    std::vector<Result<Offered>> results;
    for (OfferRequest& request : requests) {
      results.push_back(
          failure && request.json == "\"refused\""
              ? Result<Offered>(*failure)
              : Result<Offered>(Offered{request.queue, request.key.value_or("k"), 3}));
      const std::lock_guard lock(mutex);
      offers.push_back(std::move(request));
    }
    done(results);
  }
  std::optional<NumberedResult> offer_numbered(NumberedOffers numbered,
                                               NumberedOffersDone done) override {
    const std::size_t count = numbered.requests.size();
    NumberedResult result{.shard = 1, .known = 4};
    for (const OfferRequest& request : numbered.requests) {
      result.messages.push_back(failure ? Result<Offered>(*failure)
                                        : Result<Offered>(Offered{request.queue, "k", 1}));
    }
    const std::lock_guard lock(mutex);
    last_numbered = std::move(numbered);
    if (failure) return result;
    result.messages.front()->is_duplicate = count > 1;
    done(result);
    return std::nullopt;
  }
  Result<std::vector<MessageView>> peek(const std::string&, std::uint64_t max,
                                        const MessageFilter& filter) override {
    const std::lock_guard lock(mutex);
    last_filter = filter;
    last_max = max;
    if (failure) return *failure;
    return message_list;
  }
  Result<Removed> redrive(const std::string&, const MessageFilter& filter,
                          std::uint64_t max) override {
    const std::lock_guard lock(mutex);
    last_filter = filter;
    last_max = max;
    if (failure) return *failure;
    return Removed{7, std::nullopt};
  }
  Result<Removed> drop(const std::string&, const MessageFilter& filter,
                       std::uint64_t max) override {
    const std::lock_guard lock(mutex);
    ++drops;
    last_filter = filter;
    last_max = max;
    if (failure) return *failure;
    return Removed{5, std::nullopt};
  }
  Result<KeyView> key(const std::string&, const std::string& key) override {
    if (failure) return *failure;
    KeyView view;
    view.key = key;
    return view;
  }
  std::optional<Member> owner(const std::string&, const std::string&) override { return key_owner; }
  std::string owner_name(const std::string&, std::uint32_t) override { return "b"; }
  logs::LogStats log_stats() override { return log_stats_; }
  UpkeepStats upkeep_stats() override { return upkeep_stats_; }
  Result<logs::BackupInfo> back_up(const std::string& target) override {
    if (!target.starts_with('/')) return Error{ErrorCode::invalid_argument, "not absolute"};
    if (failure) return *failure;
    backups.push_back(target);
    return logs::BackupInfo{.last_lsn = 7, .files = 1, .bytes = 34};
  }
  Result<std::optional<std::uint64_t>> free_storage_bytes() override {
    return std::optional<std::uint64_t>(5u << 20);
  }
  std::vector<StageCounts> stages() override {
    const std::lock_guard lock(mutex);
    return stage_list;
  }
  std::string program_metrics() override { return own_metrics; }

  std::mutex mutex;
  Result<void> readiness;
  bool is_storage_full = false;
  TimeUs certificates_end_us = 0;
  std::uint64_t clock_steps = 0;
  std::vector<ShardView> shard_list;
  std::vector<ShardConflict> conflict_list;
  std::vector<WaitingShardsView> waiting_list;
  std::vector<std::string> given_up;
  std::vector<std::string> backups;
  std::vector<ShardView> moves;
  std::vector<Member> member_list{
      {.name = "a", .address = "127.0.0.1:1", .state = "up", .is_self = true}};
  Result<std::vector<PausedQueue>> pause(const PauseRequest& request) override {
    pause_requests.push_back(request);
    if (failure) return *failure;
    return paused_list;
  }

  PeerAsker* peer_asker() override { return &peers; }

  FakePeers peers{};
  std::vector<PauseRequest> pause_requests{};
  std::vector<PausedQueue> paused_list{{"in", 4}};
  std::vector<QueueInfo> queue_list{};
  std::vector<MessageView> message_list{};
  std::optional<Member> key_owner{};
  std::optional<Error> failure{};
  std::vector<StageCounts> stage_list{};
  std::string own_metrics{};
  logs::LogStats log_stats_{};
  UpkeepStats upkeep_stats_{};

  std::vector<OfferRequest> offers{};
  NumberedOffers last_numbered{};
  bool holds_offers = false;  ///< their outcomes wait in held_offers
  std::vector<OfferDone> held_offers{};
  std::condition_variable offered{};  ///< an offer is held
  MessageFilter last_filter{};
  std::uint64_t last_max = 0;
  int drops = 0;
  int drains = 0;
};

inline QueueInfo queue_called(const std::string& name, bool is_dead_letter = false) {
  QueueInfo info;
  info.name = name;
  info.type = is_dead_letter ? "" : "google.protobuf.StringValue";
  info.is_dead_letter = is_dead_letter;
  info.shards = {{0, 1}, {1, 2}};
  info.ledger.offered = 3;
  return info;
}

}  // namespace millrace::http
