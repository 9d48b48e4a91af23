#include "cluster/placement/layout_core.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include "actors/base/assert.hpp"
#include "messages/hash.hpp"

namespace millrace::placement {
namespace {

// Returns -log2((hash + 1/2) / 2^64) * 2^32: an exponentially distributed draw. Squaring doubles a
// logarithm, which gives its fraction bit by bit. NEVER change: all nodes must get the same result.
std::uint64_t draw(std::uint64_t hash) {
  if (hash == 0) return std::uint64_t{65} << 32;
  const auto zeros = static_cast<unsigned>(std::countl_zero(hash));
  std::uint64_t mantissa = (hash << zeros) >> 32;  // in [1, 2), times 2^31
  std::uint64_t fraction = 0;
  for (int bit = 0; bit < 32; ++bit) {
    mantissa = (mantissa * mantissa) >> 31;
    fraction <<= 1;
    if (mantissa >= std::uint64_t{1} << 32) {
      fraction |= 1;
      mantissa >>= 1;
    }
  }
  // log2(hash / 2^64) = -zeros - 1 + fraction.
  return (std::uint64_t{zeros + 1} << 32) - fraction;
}

std::uint64_t draw(const PlacedNode& node, std::uint32_t shard) {
  return draw(hash_key(node.name + '/' + std::to_string(shard)));
}

Error wrong(const std::string& what) {
  return {ErrorCode::invalid_argument, what};
}

std::string quoted(const std::string& name) {
  return "\"" + name + "\"";
}

const PlacedNode* find(const Layout& layout, const std::string& name) {
  const auto found = std::find_if(layout.nodes.begin(), layout.nodes.end(),
                                  [&](const PlacedNode& node) { return node.name == name; });
  return found == layout.nodes.end() ? nullptr : &*found;
}

Result<void> check_nodes(const Layout& layout) {
  std::uint64_t weights = 0;
  for (std::size_t i = 0; i < layout.nodes.size(); ++i) {
    const PlacedNode& node = layout.nodes[i];
    if (node.name.empty()) return wrong("a node has no name");
    if (i > 0 && layout.nodes[i - 1].name == node.name) {
      return wrong("node " + quoted(node.name) + " is there twice");
    }
    if (node.weight > weight_max) {
      return wrong("node " + quoted(node.name) + ": expected a weight of 0 to " +
                   std::to_string(weight_max) + ", got " + std::to_string(node.weight));
    }
    weights += node.weight;
  }
  if (weights == 0) return wrong("no node has a weight above 0, so none could take a shard");
  return {};
}

Result<void> check_overrides(const Layout& layout) {
  for (const auto& [shard, name] : layout.overrides) {
    const std::string what = "override of shard " + std::to_string(shard);
    if (shard >= layout.shards) {
      return wrong(what + ": shards are 0 to " + std::to_string(layout.shards - 1));
    }
    if (find(layout, name) == nullptr) return wrong(what + ": no node is named " + quoted(name));
  }
  return {};
}

}  // namespace

Result<Layout> make_layout(std::uint32_t shards, std::vector<PlacedNode> nodes,
                           std::map<std::uint32_t, std::string> overrides) {
  if (shards == 0 || shards > shards_max) {
    return wrong("expected 1 to " + std::to_string(shards_max) + " shards, got " +
                 std::to_string(shards));
  }
  Layout layout{shards, std::move(nodes), std::move(overrides)};
  std::sort(layout.nodes.begin(), layout.nodes.end(),
            [](const PlacedNode& a, const PlacedNode& b) { return a.name < b.name; });
  if (auto checked = check_nodes(layout); !checked) return checked.error();
  if (auto checked = check_overrides(layout); !checked) return checked.error();
  return layout;
}

namespace {

// By largest remainder, so that the shares add up to all shards; of equal remainders the lower name
// gets one more.
std::vector<std::uint32_t> shares_of(const Layout& layout) {
  std::uint64_t weights = 0;
  for (const PlacedNode& node : layout.nodes) weights += node.weight;
  std::vector<std::uint32_t> shares;
  std::vector<std::pair<std::uint64_t, std::size_t>> remainders;  // negated, for the order
  std::uint32_t given = 0;
  for (std::size_t i = 0; i < layout.nodes.size(); ++i) {
    const std::uint64_t exact = std::uint64_t{layout.shards} * layout.nodes[i].weight;
    shares.push_back(static_cast<std::uint32_t>(exact / weights));
    given += shares.back();
    remainders.emplace_back(weights - exact % weights, i);
  }
  std::sort(remainders.begin(), remainders.end());
  for (std::size_t i = 0; given < layout.shards; ++i, ++given) ++shares[remainders[i].second];
  return shares;
}

}  // namespace

std::vector<std::string> homes_of(const Layout& layout) {
  std::vector<std::uint32_t> left = shares_of(layout);
  std::vector<std::string> homes(layout.shards);
  // Pinned shards count for their node, also beyond its share.
  for (const auto& [shard, name] : layout.overrides) {
    homes[shard] = name;
    for (std::size_t i = 0; i < layout.nodes.size(); ++i) {
      if (layout.nodes[i].name == name && left[i] > 0) --left[i];
    }
  }
  for (std::uint32_t shard = 0; shard < layout.shards; ++shard) {
    if (!homes[shard].empty()) continue;
    std::optional<std::size_t> best;
    std::uint64_t best_draw = 0;
    for (std::size_t i = 0; i < layout.nodes.size(); ++i) {
      const PlacedNode& node = layout.nodes[i];
      if (node.weight == 0 || left[i] == 0) continue;
      const std::uint64_t drawn = draw(node, shard);
      // drawn / weight < best_draw / best->weight without a division; on a tie the lower name wins.
      // A draw is below 2^39 and a weight at most 1,000: the products fit.
      if (!best || drawn * layout.nodes[*best].weight < best_draw * node.weight) {
        best = i;
        best_draw = drawn;
      }
    }
    MILLRACE_ASSERT(best.has_value());  // the shares add up to all shards
    --left[*best];
    homes[shard] = layout.nodes[*best].name;
  }
  return homes;
}

}  // namespace millrace::placement
