#include "apps/orders/stages/pay.hpp"

#include <optional>
#include <string_view>
#include <unordered_map>

#include "apps/orders/stages/account_core.hpp"

namespace millrace::orders {
namespace {

/// Returns the outcome of one item. `result`: that of its gateway call; `done` if it made no call.
Outcome<OrderEvent> finish(const BatchItem<PaymentRequest, Account>& item, GatewayResult result) {
  if (result == GatewayResult::failed) return Retry{"the gateway failed"};
  if (result == GatewayResult::unknown) return Retry{"no answer from the gateway"};
  std::optional<PaymentAnswer> answer = apply(item.state, item.message, result);
  if (!answer) return {};
  OrderEvent event;
  event.set_order_id(item.message.order_id());
  *event.mutable_payment() = *std::move(answer);
  return event;
}

}  // namespace

std::vector<Outcome<OrderEvent>> Pay::operator()(Batch<PaymentRequest, Account> batch) const {
  std::vector<GatewayCall> calls;
  std::vector<std::optional<std::size_t>> call_of_item(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const BatchItem<PaymentRequest, Account>& item = batch[i];
    if (item.message.verb() == PAYMENT_VERB_UNKNOWN || item.message.verb() > SETTLE) continue;
    if (!item.state.exists()) open_account(item.state, item.message, plan_);
    if (auto call = gateway_call(*item.state, item.message)) {
      call_of_item[i] = calls.size();
      calls.push_back(*std::move(call));
    }
  }

  std::unordered_map<std::string_view, GatewayResult> results;
  std::vector<GatewayAnswer> answers;
  if (!calls.empty()) answers = gateway_->call(calls);
  for (const GatewayAnswer& answer : answers) results.emplace(answer.call_id, answer.result);

  std::vector<Outcome<OrderEvent>> outcomes;
  outcomes.reserve(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const BatchItem<PaymentRequest, Account>& item = batch[i];
    if (item.message.verb() == PAYMENT_VERB_UNKNOWN || item.message.verb() > SETTLE) {
      outcomes.emplace_back(Reject{"unknown payment request"});
      continue;
    }
    GatewayResult result = GatewayResult::declined;
    if (call_of_item[i]) {
      const auto found = results.find(calls[*call_of_item[i]].call_id);
      result = found == results.end() ? GatewayResult::unknown : found->second;
    }
    outcomes.push_back(finish(item, result));
  }
  return outcomes;
}

}  // namespace millrace::orders
