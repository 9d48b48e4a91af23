#include "apps/simulate/remote/customer.hpp"

#include <algorithm>
#include <utility>

#include "apps/simulate/remote/order_answer.hpp"

namespace millrace::simulate {
namespace {

constexpr std::chrono::milliseconds wait_first{50};
constexpr std::chrono::milliseconds wait_max{1'000};
constexpr const char* offers_path = "/api/v1/queues/orders.placed/messages";

/// Returns whether the error is final: a retry cannot succeed, because the offer or its
/// authorisation is wrong.
bool is_final(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::not_found:
    case ErrorCode::too_large:
    case ErrorCode::unauthenticated:
      return true;
    default:
      return false;
  }
}

/// Returns whether the error concerns only the node that answered: another node may accept the
/// offer.
bool is_of_this_node(ErrorCode code) {
  return code == ErrorCode::unreachable || code == ErrorCode::draining ||
         code == ErrorCode::timeout || code == ErrorCode::storage_full;
}

/// Returns whether the error is the answer of a node, as opposed to a failed connection or the
/// answer of a proxy or an unrelated server on its port.
bool is_answer(ErrorCode code) {
  return code != ErrorCode::unreachable && code != ErrorCode::protocol;
}

}  // namespace

Customer::Customer(const orders::LoadPlan& plan, const RemoteRun& run, const ConnectNode& connect,
                   std::size_t nodes, std::size_t number, RemoteBoard& board)
    : plan_(plan), run_(run), connect_(connect), number_(number), board_(board), clients_(nodes) {}

void Customer::work() {
  while (const auto task = board_.wait_for_task()) {
    if (task->kind == RemoteTask::Kind::place) {
      place(*task);
    } else {
      ask(*task);
    }
  }
}

NodeClient& Customer::client(std::size_t node) {
  if (!clients_[node]) clients_[node] = connect_(node);
  return *clients_[node];
}

void Customer::place(const RemoteTask& task) {
  orders::OrderPlaced order = plan_.order(task.order);
  const std::string id = run_.order_id(task.order);
  order.set_order_id(id);
  const std::string json = offer_json(order);
  if (!offer(json, id)) return;
  const orders::Repeat repeat = plan_.repeat(task.order);
  // With another Idempotency-Key only the order workflow can detect the duplicate.
  const std::string again = repeat == orders::Repeat::same_order_id ? id + "/again" : id;
  if (repeat != orders::Repeat::none && !offer(json, again)) return;
  board_.note_confirmed(task);
}

/// Offers the order until it is confirmed. Returns false if the error is final or the load stops.
bool Customer::offer(const std::string& json, const std::string& idempotency_key) {
  for (auto wait = wait_first;; wait = std::min(2 * wait, wait_max)) {
    const std::size_t node = board_.pick_node(number_);
    const auto answer = client(node).post(offers_path, json, idempotency_key);
    if (answer || is_answer(answer.error().code)) board_.note_answered();
    if (answer) return true;
    if (is_final(answer.error().code)) {
      board_.note_refused(answer.error());
      return false;
    }
    board_.note_trouble(answer.error());
    if (is_of_this_node(answer.error().code)) board_.shun(node);
    if (!board_.pause(wait)) return false;
  }
}

void Customer::ask(const RemoteTask& task) {
  const bool is_reading = board_.is_reading();
  const std::string id = run_.order_id(task.order);
  // A different node at each attempt: a node, or the owner to which it forwards, may be down.
  const std::size_t node = board_.pick_node(task.order + task.turn);
  auto answer = client(node).get("/api/v1/orders/" + id);
  if (answer || is_answer(answer.error().code)) board_.note_answered();
  const bool is_missing = !answer && answer.error().code == ErrorCode::not_found;
  if (!answer && !is_missing) {
    if (is_final(answer.error().code)) return board_.note_refused(answer.error());
    board_.note_trouble(answer.error());
    return board_.note_open(task);
  }
  if (!is_reading) {
    const bool has_ended = answer && is_end(status_in(*answer));
    return has_ended ? board_.note_ended() : board_.note_open(task);
  }
  if (is_missing) return board_.note_read(task.order, std::nullopt);
  auto key = key_of(id, std::move(*answer));
  if (!key) return board_.note_refused(key.error());
  board_.note_read(task.order, std::move(*key));
}

}  // namespace millrace::simulate
