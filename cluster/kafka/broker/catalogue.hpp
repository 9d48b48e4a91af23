// Catalogue: the topics and groups of the cluster, as this node knows them: what its own calls have made, and what
// the nodes say when they are asked.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "messages/topic.pb.h"

namespace millrace::kafka {

/// Thread-safe.
class Catalogue {
 public:
  struct Entry {
    pb::TopicOptions options{};
    std::map<std::string, bool> groups{};  ///< whether they are permanent
  };

  [[nodiscard]] std::optional<Entry> find(const std::string& topic) const;
  [[nodiscard]] bool has_group(const std::string& topic, const std::string& group) const;
  /// Their options, by name.
  [[nodiscard]] std::map<std::string, pb::TopicOptions> topics() const;
  /// Of all topics.
  [[nodiscard]] std::set<std::string> groups() const;

  void add(const std::string& topic, const pb::TopicOptions& options);
  void add_group(const std::string& topic, const std::string& group, bool permanent);
  void remove(const std::string& topic);
  void remove_group(const std::string& topic, const std::string& group);
  // --- A round of questions to all shards ---

  /// A shard of a queue that keeps topics.
  using Place = std::pair<std::string, std::uint32_t>;
  /// A topic that a shard lacks.
  struct Gap {
    std::string topic{};
    pb::TopicOptions options{};
    Place place{};
  };

  /// False: a round is in progress.
  [[nodiscard]] bool begin();
  void learn(const Place& place, const pb::TopicCallAnswer& answer);
  /// All shards have answered, if `is_complete`. Then topics that none has are gone, and the result is what shards
  /// lacked in this round and in the one before: a topic that is being made or removed just now is no gap.
  [[nodiscard]] std::vector<Gap> end(
      bool is_complete, const std::function<std::string(const std::string&)>& queue_of);

 private:
  struct Known {
    Entry entry{};
    bool is_new = true;                  ///< since the last round began
    std::map<std::string, bool> seen{};  ///< its groups, by this round
    std::set<Place> places{};            ///< that have it, by this round
    std::set<Place> lacking{};           ///< that had not, by the last complete round
  };

  mutable std::mutex mutex_;
  std::map<std::string, Known> topics_{};
  bool is_asking_ = false;
  std::set<Place> asked_{};  ///< that have answered in this round
};

}  // namespace millrace::kafka
