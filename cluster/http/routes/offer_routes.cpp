// Many offers in one request.
#include <algorithm>
#include <utility>

#include "actors/base/clock.hpp"
#include "cluster/http/json/offer_json.hpp"
#include "cluster/http/message/problem.hpp"
#include "cluster/http/routes/router.hpp"

namespace millrace::http {

void Router::offer_all(HttpRequest& request, const Responder& responder) {
  const std::string& queue = request.path[3];  // of /api/v1/queues/QUEUE/messages
  auto offers = parse_offers(queue, request.body, SystemClock().now_us());
  if (!request.query.empty()) {
    offers =
        Error{ErrorCode::invalid_argument, "query: expected none, as each line has its fields"};
  }
  if (!offers) {
    responder.complete(problem(offers.error()));
    return;
  }
  responder.expect_by(
      std::chrono::steady_clock::now() + offer_timeout,
      problem({ErrorCode::timeout, queue + " did not confirm all messages in time; they may be "
                                           "queued yet: offer them again under their idempotency "
                                           "keys"}));
  api_.offer_all(std::move(*offers), [responder](const std::vector<Result<Offered>>& results) {
    const auto refused = std::find_if(results.begin(), results.end(),
                                      [](const Result<Offered>& one) { return !one; });
    HttpResponse response;
    response.status = 202;
    Json body = to_json(results);
    if (refused != results.end()) {
      response = problem(refused->error());
      Json told = Json::parse(response.body);
      told["messages"] = std::move(body["messages"]);
      body = std::move(told);
    }
    response.body = dump(body) + '\n';
    responder.complete(std::move(response));
  });
}

}  // namespace millrace::http
