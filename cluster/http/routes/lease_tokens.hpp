// LeaseTokens: which node of the cluster gave a lease. A token that a worker gets is that of the stage behind a tag of
// the node: "5f3c01aa.0-…".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/http/cluster_view.hpp"

namespace millrace::http {

class LeaseTokens {
 public:
  /// `members`: of the cluster, this node among them.
  explicit LeaseTokens(std::vector<Member> members);

  /// The token of a lease of this node, as its worker gets it.
  [[nodiscard]] std::string outward(const std::string& token) const { return own_tag_ + token; }

  struct Place {
    std::string token{};            ///< of the stage of this node; empty: another node gave it
    const Member* other = nullptr;  ///< that gave it; null: this node, or none that is a member
  };
  /// Valid as long as this object.
  [[nodiscard]] Place place_of(std::string_view outward) const;

 private:
  std::vector<Member> members_;
  std::string own_tag_;
};

}  // namespace millrace::http
