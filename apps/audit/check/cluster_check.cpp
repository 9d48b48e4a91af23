#include "apps/audit/check/cluster_check.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace millrace::audit {
namespace {

constexpr std::string_view outbox_prefix = "outbox/";

using QueueName = std::pair<std::string, std::uint32_t>;  // with the shard

struct Held {
  const DirectoryView* directory;
  const Queue* queue;
};

// Queues that are served, by name and shard; several nodes may hold the same.
std::multimap<QueueName, Held> served_queues(std::span<const DirectoryView> directories) {
  std::multimap<QueueName, Held> served;
  for (const DirectoryView& directory : directories) {
    for (const auto& [number, queue] : directory.model->queues()) {
      if (!queue.is_served()) continue;
      served.emplace(QueueName(queue.declaration.name(), queue.declaration.shard()),
                     Held{&directory, &queue});
    }
  }
  return served;
}

/// The comparison of one outbox with its target.
class OutboxCheck {
 public:
  OutboxCheck(const Held& outbox, const Held& target, Report& report)
      : outbox_(outbox), target_(target), report_(report) {}

  void run(const Producer* known) {
    const Queue& outbox = *outbox_.queue;
    const std::uint64_t settled =
        outbox.queued.empty() ? outbox.last : outbox.queued.begin()->first - 1;
    report_.count(About::outboxes, outbox.counts.acked);
    if (known == nullptr) {
      if (outbox.counts.acked > 0) {
        fail(target_, std::to_string(outbox.counts.acked) +
                          " messages were handed over, up to number " + std::to_string(settled) +
                          "; the target has none of them");
      }
      return;
    }
    if (known->last < settled) {
      fail(target_, "messages up to number " + std::to_string(settled) +
                        " were handed over; the target has them up to " +
                        std::to_string(known->last));
    }
    if (known->last > outbox.last) {
      fail(outbox_, "the target has messages up to number " + std::to_string(known->last) +
                        "; the outbox gave out numbers up to " + std::to_string(outbox.last) +
                        ": its directory is an older copy");
    }
    compare_messages();
  }

 private:
  // Both logs may begin after the first message: compares the numbers that both have.
  void compare_messages() {
    const auto found = target_.queue->taken.find(outbox_.queue->declaration.outbox().producer());
    if (found == target_.queue->taken.end()) return;
    auto sent = outbox_.queue->sent.begin();
    for (const auto& [number, identity] : found->second) {
      while (sent != outbox_.queue->sent.end() && sent->first < number) ++sent;
      if (sent == outbox_.queue->sent.end()) return;
      if (sent->first == number && !(sent->second == identity)) {
        return fail(target_,
                    "number " + std::to_string(number) + " is another message at the target");
      }
    }
  }

  void fail(const Held& where, const std::string& text) {
    report_.fail(About::outboxes, {where.directory->path,
                                   {},
                                   0,
                                   0,
                                   "outbox " + outbox_.queue->declaration.name() + ", shard " +
                                       std::to_string(outbox_.queue->declaration.shard()) +
                                       ", of " + outbox_.directory->path + ": " + text});
  }

  const Held& outbox_;
  const Held& target_;
  Report& report_;
};

void check_outbox(const Held& outbox, const std::multimap<QueueName, Held>& served,
                  Report& report) {
  const pb::Declaration& declaration = outbox.queue->declaration;
  std::string_view name = declaration.name();
  if (name.starts_with(outbox_prefix)) name.remove_prefix(outbox_prefix.size());
  const auto [first, last] = served.equal_range(QueueName(name, declaration.shard()));
  if (first == last) {
    if (outbox.queue->counts.acked > 0) {
      report.note(About::outboxes, "the target of " + declaration.name() + ", shard " +
                                       std::to_string(declaration.shard()) + ", of " +
                                       outbox.directory->path + " is in none of the directories");
    }
    return;
  }
  const Held* target = &first->second;
  const Producer* known = nullptr;
  for (auto at = first; at != last; ++at) {
    const auto& producers = at->second.queue->producers;
    const auto found = producers.find(declaration.outbox().producer());
    if (found == producers.end() || (known != nullptr && known->last >= found->second.last)) {
      continue;
    }
    known = &found->second;
    target = &at->second;
  }
  if (!outbox.directory->is_whole || !target->directory->is_whole) {
    report.note(
        About::outboxes,
        "the log of " +
            (outbox.directory->is_whole ? target->directory->path : outbox.directory->path) +
            " could not be read to its end: its outboxes are not compared");
    return;
  }
  OutboxCheck(outbox, *target, report).run(known);
}

// Whether the node has a durable record that it gave a shard of this number away, or that it has not
// founded it: then the queue is sealed.
bool has_sealed(const Held& held) {
  return std::any_of(held.directory->model->shards().begin(), held.directory->model->shards().end(),
                     [&](const auto& one) {
                       return one.first.second == held.queue->declaration.shard() &&
                              (one.second.has_offered() || one.second.ownership().epoch() == 0);
                     });
}

void check_holders(std::span<const DirectoryView> directories, Report& report) {
  const auto served = served_queues(directories);
  for (auto at = served.begin(); at != served.end();) {
    const auto end = served.upper_bound(at->first);
    std::vector<const Held*> holders;
    for (; at != end; ++at) {
      // Each node keeps the dead letters of its own stages.
      const bool counts = !at->second.queue->declaration.dead_letters() && !has_sealed(at->second);
      if (counts) holders.push_back(&at->second);
    }
    report.count(About::ownership, holders.size());
    if (holders.size() < 2) continue;
    report.fail(About::ownership, {holders[1]->directory->path,
                                   {},
                                   0,
                                   0,
                                   holders[1]->queue->title() + " is served here and in " +
                                       holders[0]->directory->path});
  }
}

}  // namespace

void check_outboxes(std::span<const DirectoryView> directories, Report& report) {
  const auto served = served_queues(directories);
  for (const DirectoryView& directory : directories) {
    for (const auto& [number, queue] : directory.model->queues()) {
      if (queue.is_outbox()) check_outbox({&directory, &queue}, served, report);
    }
  }
}

void check_ownership(std::span<const DirectoryView> directories, Report& report) {
  std::map<std::tuple<std::string, std::uint32_t, std::uint64_t>,
           std::pair<std::string, std::string>>
      owners;  // and where
  for (const DirectoryView& directory : directories) {
    for (const auto& [shard, record] : directory.model->shards()) {
      const pb::Ownership& ownership = record.ownership();
      // No owner yet, or another node, whose name the directory does not know.
      if (ownership.epoch() == 0 || ownership.owner().empty()) continue;
      const auto [at, is_new] = owners.try_emplace({shard.first, shard.second, ownership.epoch()},
                                                   ownership.owner(), directory.path);
      if (is_new || at->second.first == ownership.owner()) continue;
      report.fail(About::ownership,
                  {directory.path,
                   {},
                   0,
                   0,
                   "shard " + std::to_string(shard.second) +
                       (shard.first.empty() ? "" : " of role " + shard.first) + " belongs to " +
                       ownership.owner() + " in epoch " + std::to_string(ownership.epoch()) +
                       ", and to " + at->second.first + " by " + at->second.second});
    }
  }
  check_holders(directories, report);
}

}  // namespace millrace::audit
