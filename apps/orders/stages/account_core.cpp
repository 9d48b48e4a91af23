#include "apps/orders/stages/account_core.hpp"

namespace millrace::orders {
namespace {

/// Index of the charge of the order, or -1.
int find_charge(const Account& account, const std::string& order_id) {
  for (int i = 0; i < account.charges_size(); ++i) {
    if (account.charges(i).order_id() == order_id) return i;
  }
  return -1;
}

bool is_held(const Charge& charge) {
  return charge.state() == Charge::AUTHORISED || charge.state() == Charge::CAPTURED;
}

bool has_credit(const Account& account, const PaymentRequest& request) {
  return request.amount_minor() >= 0 && request.currency() == account.currency() &&
         request.amount_minor() <= account.limit_minor() - account.held_minor();
}

void record(Keyed<Account>& account, PaymentEffect::Kind kind, const std::string& order_id,
            std::int64_t amount_minor) {
  PaymentEffect effect;
  effect.set_kind(kind);
  effect.set_order_id(order_id);
  effect.set_amount_minor(amount_minor);
  effect.set_held_minor(account->held_minor());
  effect.set_version(account->version());
  account.record(effect);
}

Charge& add_charge(Account& state, const PaymentRequest& request, Charge::State charge_state) {
  state.set_version(state.version() + 1);
  Charge& charge = *state.add_charges();
  charge.set_order_id(request.order_id());
  charge.set_state(charge_state);
  charge.set_amount_minor(request.amount_minor());
  charge.set_number(state.version());
  return charge;
}

/// Releases the amount that the charge holds and sets its state to `next`.
void let_go(Keyed<Account>& account, int position, Charge::State next, PaymentEffect::Kind kind) {
  Account& state = account.change();
  Charge& charge = *state.mutable_charges(position);
  charge.set_state(next);
  state.set_version(state.version() + 1);
  state.set_held_minor(state.held_minor() - charge.amount_minor());
  record(account, kind, charge.order_id(), charge.amount_minor());
}

void authorise(Keyed<Account>& account, const PaymentRequest& request, bool is_granted,
               PaymentAnswer& answer) {
  int position = find_charge(*account, request.order_id());
  if (position < 0) {
    Account& state = account.change();
    position = state.charges_size();
    add_charge(state, request, is_granted ? Charge::AUTHORISED : Charge::DECLINED);
    if (is_granted) {
      state.set_held_minor(state.held_minor() + request.amount_minor());
      record(account, PaymentEffect::AUTHORISED, request.order_id(), request.amount_minor());
    }
  }
  answer.set_declined(account->charges(position).state() == Charge::DECLINED ||
                      account->charges(position).state() == Charge::REFUNDED);
  answer.set_charge(account->charges(position).number());
}

void capture(Keyed<Account>& account, const PaymentRequest& request, bool is_granted,
             PaymentAnswer& answer) {
  const int position = find_charge(*account, request.order_id());
  if (position >= 0 && account->charges(position).state() == Charge::AUTHORISED) {
    if (is_granted) {
      Account& state = account.change();
      state.mutable_charges(position)->set_state(Charge::CAPTURED);
      state.set_version(state.version() + 1);
      record(account, PaymentEffect::CAPTURED, request.order_id(),
             state.charges(position).amount_minor());
    } else {
      let_go(account, position, Charge::DECLINED, PaymentEffect::VOIDED);
    }
  }
  answer.set_declined(position < 0 || account->charges(position).state() != Charge::CAPTURED);
}

void refund(Keyed<Account>& account, const PaymentRequest& request, PaymentAnswer& answer) {
  int position = find_charge(*account, request.order_id());
  if (position < 0) {
    // Records the refund, so that a later AUTHORISE of the same order is refused.
    position = account->charges_size();
    add_charge(account.change(), request, Charge::REFUNDED);
  } else if (is_held(account->charges(position))) {
    const bool is_captured = account->charges(position).state() == Charge::CAPTURED;
    let_go(account, position, Charge::REFUNDED,
           is_captured ? PaymentEffect::REFUNDED : PaymentEffect::VOIDED);
  }
  answer.set_charge(account->charges(position).number());
}

void settle(Keyed<Account>& account, const PaymentRequest& request) {
  const int position = find_charge(*account, request.order_id());
  if (position < 0) return;
  const Charge& charge = account->charges(position);
  if (request.charge() != 0 && request.charge() != charge.number()) return;
  if (is_held(charge)) {
    let_go(account, position, Charge::REFUNDED,
           charge.state() == Charge::CAPTURED ? PaymentEffect::SETTLED : PaymentEffect::VOIDED);
  }
  account.change().mutable_charges()->DeleteSubrange(position, 1);
}

}  // namespace

void open_account(Keyed<Account>& account, const PaymentRequest& request, const CreditPlan& plan) {
  Account& state = account.change();
  state.set_currency(request.currency());
  state.set_limit_minor(plan.limit(account.key()));
  state.set_version(1);
  record(account, PaymentEffect::OPENED, {}, state.limit_minor());
}

std::optional<GatewayCall> gateway_call(const Account& account, const PaymentRequest& request) {
  const int position = find_charge(account, request.order_id());
  const Charge::State state = position < 0 ? Charge::UNKNOWN : account.charges(position).state();
  GatewayCall call{{}, request.order_id(), {}, request.amount_minor(), request.currency()};
  switch (request.verb()) {
    case AUTHORISE:
      if (state != Charge::UNKNOWN || !has_credit(account, request)) return std::nullopt;
      call.operation = GatewayOperation::authorise;
      call.call_id = request.order_id() + "/authorise";
      return call;
    case CAPTURE:
      if (state != Charge::AUTHORISED) return std::nullopt;
      call.operation = GatewayOperation::capture;
      call.call_id = request.order_id() + "/capture";
      return call;
    case REFUND:
      // Also without a charge: the gateway may have an authorisation whose answer was lost.
      if (state == Charge::DECLINED || state == Charge::REFUNDED) return std::nullopt;
      call.operation = GatewayOperation::refund;
      call.call_id = request.order_id() + "/refund";
      return call;
    default:
      return std::nullopt;
  }
}

std::optional<PaymentAnswer> apply(Keyed<Account>& account, const PaymentRequest& request,
                                   GatewayResult result) {
  PaymentAnswer answer;
  answer.set_verb(request.verb());
  const bool is_granted = result == GatewayResult::done;
  switch (request.verb()) {
    case AUTHORISE:
      authorise(account, request, is_granted, answer);
      return answer;
    case CAPTURE:
      capture(account, request, is_granted, answer);
      return answer;
    case REFUND:
      refund(account, request, answer);
      return answer;
    default:
      settle(account, request);
      return std::nullopt;
  }
}

}  // namespace millrace::orders
