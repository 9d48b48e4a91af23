// A cluster of this node and another that is not there.
#pragma once

#include <string>
#include <vector>

#include "cluster/http/cluster_view.hpp"

namespace millrace::http {

class FakeClusterView : public ClusterView {
 public:
  [[nodiscard]] NodeStatus status() const override {
    return {.node = "a", .cluster = "test", .version = "1.2.3", .state = "up", .shards = 2};
  }
  [[nodiscard]] Result<void> ready() const override { return {}; }
  [[nodiscard]] std::vector<Member> members() const override {
    Member self;
    self.name = "a";
    self.is_self = true;
    self.state = "up";
    Member other;
    other.name = "b";
    other.http = "127.0.0.1:9";
    other.state = "up";
    return {self, other};
  }
  [[nodiscard]] std::string owner(const std::string&, std::uint32_t shard) const override {
    return shard == 1 ? owner_of_shard_1 : owner_of_shard_0;
  }
  std::string owner_of_shard_0 = "a";
  std::string owner_of_shard_1 = "a";

  Result<void> drain() override { return {}; }
  std::vector<ShardView> shards() const override { return {}; }
  Result<void> move_shard(const std::string&, std::uint32_t, const std::string&) override {
    return {};
  }
};

}  // namespace millrace::http
