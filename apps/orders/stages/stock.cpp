#include "apps/orders/stages/stock.hpp"

#include <algorithm>

#include "messages/hash.hpp"

namespace millrace::orders {

std::uint64_t line_hash(std::string_view order_id, std::uint32_t line) {
  // Multiplication by an odd constant gives each line of an order a different hash.
  return hash_key(order_id) + line * 0x9E3779B97F4A7C15u;
}

std::optional<int> find_open_line(const Stock& stock, std::uint64_t line) {
  const auto& lines = stock.open_line();
  const auto found = std::find(lines.begin(), lines.end(), line);
  if (found == lines.end()) return std::nullopt;
  return static_cast<int>(found - lines.begin());
}

void add_open_line(Stock& stock, std::uint64_t line, std::uint32_t quantity,
                   std::uint64_t reservation) {
  stock.add_open_line(line);
  stock.add_open_quantity(quantity);
  stock.add_open_reservation(reservation);
}

void remove_open_line(Stock& stock, int position) {
  const int last = stock.open_line_size() - 1;
  stock.mutable_open_line()->SwapElements(position, last);
  stock.mutable_open_quantity()->SwapElements(position, last);
  stock.mutable_open_reservation()->SwapElements(position, last);
  stock.mutable_open_line()->RemoveLast();
  stock.mutable_open_quantity()->RemoveLast();
  stock.mutable_open_reservation()->RemoveLast();
}

namespace {

void record(Keyed<Stock>& stock, StockEffect::Kind kind, const StockRequest& request,
            std::uint32_t quantity) {
  StockEffect effect;
  effect.set_kind(kind);
  if (kind != StockEffect::OPENED) {
    effect.set_order_id(request.order_id());
    effect.set_line(request.line());
    effect.set_quantity(quantity);
  }
  effect.set_on_hand(stock->on_hand());
  effect.set_reserved(stock->reserved());
  effect.set_version(stock->version());
  stock.record(effect);
}

void open(Keyed<Stock>& stock, const StockPlan& plan, const StockRequest& request) {
  Stock& state = stock.change();
  state.set_on_hand(plan.initial(stock.key()));
  state.set_version(1);
  record(stock, StockEffect::OPENED, request, 0);
}

/// Reserves the line if there is stock; sets the result and the reservation number in `answer`.
void reserve(Keyed<Stock>& stock, const StockRequest& request, StockAnswer& answer) {
  const std::uint64_t line = line_hash(request.order_id(), request.line());
  if (const auto position = find_open_line(*stock, line)) {
    answer.set_refused(stock->open_quantity(*position) == 0);
    answer.set_reservation(stock->open_reservation(*position));
    return;
  }
  Stock& state = stock.change();
  state.set_version(state.version() + 1);
  const bool refused =
      request.quantity() == 0 || state.on_hand() - state.reserved() < request.quantity();
  add_open_line(state, line, refused ? 0 : request.quantity(), state.version());
  answer.set_refused(refused);
  answer.set_reservation(state.version());
  if (refused) return;
  state.set_reserved(state.reserved() + request.quantity());
  record(stock, StockEffect::RESERVED, request, request.quantity());
}

/// Confirms or releases the line.
void close(Keyed<Stock>& stock, const StockRequest& request) {
  const auto position = find_open_line(*stock, line_hash(request.order_id(), request.line()));
  if (!position) return;
  const std::uint64_t reservation = stock->open_reservation(*position);
  if (request.reservation() != 0 && request.reservation() != reservation) return;

  Stock& state = stock.change();
  const std::uint32_t quantity = state.open_quantity(*position);
  remove_open_line(state, *position);
  if (quantity == 0) return;
  state.set_version(state.version() + 1);
  state.set_reserved(state.reserved() - quantity);
  const bool confirms = request.verb() == CONFIRM;
  if (confirms) state.set_on_hand(state.on_hand() - quantity);
  record(stock, confirms ? StockEffect::CONFIRMED : StockEffect::RELEASED, request, quantity);
}

}  // namespace

Outcome<OrderEvent> ReserveStock::operator()(const StockRequest& request,
                                             Keyed<Stock>& stock) const {
  OrderEvent event;
  event.set_order_id(request.order_id());
  StockAnswer& answer = *event.mutable_stock();
  answer.set_line(request.line());
  answer.set_verb(request.verb());

  if (!stock.exists()) open(stock, *plan_, request);
  switch (request.verb()) {
    case RESERVE:
      reserve(stock, request, answer);
      return event;
    case CONFIRM:
    case RELEASE:
      close(stock, request);
      return event;
    default:
      return Reject{"unknown stock request " + std::to_string(request.verb())};
  }
}

}  // namespace millrace::orders
