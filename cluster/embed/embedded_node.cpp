#include "cluster/embed/embedded_node.hpp"

#include <ctime>
#include <mutex>
#include <utility>

#include "cluster/config/file/load.hpp"
#include "cluster/embed/document.hpp"
#include "cluster/membership/members.hpp"
#include "cluster/node/cluster_node.hpp"

namespace millrace {
namespace {

using cluster::ClusterNode;

Result<config::Config> config_of(const EmbeddedOptions& options) {
  config::Resolved resolved = config::load(
      {.file = {}, .document = embed::document_of(options), .sets = embed::sets_of(options)},
      std::time(nullptr));
  if (resolved.problems.empty()) return std::move(resolved.config);
  return Error{ErrorCode::invalid_argument, embed::text_of(resolved.problems)};
}

}  // namespace

class EmbeddedNode::Parts {
 public:
  std::mutex mutex;  ///< one reload at a time
  std::unique_ptr<ClusterNode> node;
};

Result<std::unique_ptr<EmbeddedNode>> EmbeddedNode::start(const EmbeddedOptions& options,
                                                          std::vector<PipelineSpec> pipelines) {
  const auto config = config_of(options);
  if (!config) return config.error();
  auto node = ClusterNode::start(*config, std::move(pipelines),
                                 {.version = options.version,
                                  .accepts_loss = options.accepts_loss,
                                  .metrics = options.metrics,
                                  .on_drain = options.on_drain});
  if (!node) return node.error();
  auto parts = std::make_unique<Parts>();
  parts->node = *std::move(node);
  return std::unique_ptr<EmbeddedNode>(new EmbeddedNode(std::move(parts)));
}

EmbeddedNode::EmbeddedNode(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

EmbeddedNode::~EmbeddedNode() = default;

Result<void> EmbeddedNode::stop(std::chrono::milliseconds timeout) {
  return parts_->node->stop(timeout);
}

Result<void> EmbeddedNode::update(const EmbeddedOptions& options) {
  const auto config = config_of(options);
  if (!config) return config.error();
  const std::lock_guard lock(parts_->mutex);
  return parts_->node->reload(*config);
}

Runtime& EmbeddedNode::runtime() {
  return parts_->node->runtime();
}

const std::string& EmbeddedNode::name() const {
  return parts_->node->name();
}

const std::string& EmbeddedNode::http_address() const {
  return parts_->node->http_address();
}

std::uint16_t EmbeddedNode::port() const {
  return parts_->node->port();
}

std::vector<SeenMember> EmbeddedNode::members() const {
  std::vector<SeenMember> members;
  for (cluster::MemberView& member : parts_->node->members()) {
    members.push_back({.name = std::move(member.name),
                       .address = std::move(member.address),
                       .state = cluster::to_text(member.state),
                       .is_self = member.is_self,
                       .is_unreachable = member.is_unreachable});
  }
  return members;
}

std::string EmbeddedNode::owner(const std::string& queue, std::uint32_t shard) const {
  return parts_->node->owner(queue, shard);
}

void EmbeddedNode::move_shard(const std::string& role, std::uint32_t shard, const std::string& to,
                              std::function<void(Result<void>)> done) {
  parts_->node->move_shard(role, shard, to, std::move(done));
}

}  // namespace millrace
