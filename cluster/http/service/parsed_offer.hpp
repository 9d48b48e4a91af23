// A message from outside, as its queue takes it.
#pragma once

#include <string>

#include "actors/stage/pipeline_spec.hpp"
#include "cluster/http/node_api.hpp"
#include "messages/result.hpp"

namespace millrace::http {

struct ParsedOffer {
  std::string key;
  std::string payload;
};

/// Reads a message of `type`. `key_of`: of its queue; unset: the key is that of the request. Equal messages
/// become equal payloads. Fails with `invalid_argument`: the text names the field.
[[nodiscard]] Result<ParsedOffer> parse_offer(const OfferRequest& request, const std::string& type,
                                              const KeyOf& key_of);

/// The refusal where nobody serves the shard.
[[nodiscard]] Error no_owner(const std::string& queue, std::uint32_t shard);

}  // namespace millrace::http
