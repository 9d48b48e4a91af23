// Resources: what an application shows of its keyed state under /api/v1.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "actors/store/durable_view.hpp"
#include "cluster/http/message/http_message.hpp"
#include "messages/result.hpp"

namespace millrace::http {

/// GET /api/v1/PREFIX/KEY and /api/v1/PREFIX/KEY/REST: the state of KEY in `queue`, as `show` makes
/// it. A node that does not serve the key sends the client to the one that does. Or, with `answer`: GET and
/// POST /api/v1/PREFIX and all below it, as the application answers.
struct Resource {
  std::string prefix;  ///< one segment of the path
  std::string queue;   ///< whose stage keeps the state
  /// `rest` is the path behind the key, "" for none. Fails with `not_found` for a `rest` that means
  /// nothing. Any thread.
  std::function<Result<nlohmann::ordered_json>(const KeyView& key, const std::string& rest)> show;
  /// Any thread, several at once; may block for some seconds. Empty: `show` answers.
  std::function<Result<HttpResponse>(const HttpRequest& request)> answer{};
};

using Resources = std::vector<Resource>;

}  // namespace millrace::http
