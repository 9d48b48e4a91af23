// OrderTerms: who ordered what for how much, so that checks can compare the stages' effects with
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace millrace::orders::audit {

[[nodiscard]] inline std::uint64_t digest_of(const std::string& text) {
  return std::hash<std::string>{}(text);
}

/// Digest of one line. Those of several lines are added up, in whatever order they are met; a line
/// that is met twice changes the sum.
[[nodiscard]] inline std::uint64_t digest_of_line(std::uint32_t line, const std::string& sku,
                                                  std::uint32_t quantity) {
  std::uint64_t sum = digest_of(sku);
  for (const std::uint64_t part : {std::uint64_t{line} + 1, std::uint64_t{quantity} + 1}) {
    sum = (sum ^ part) * 0x9E3779B97F4A7C15u;
    sum ^= sum >> 29;
  }
  return sum;
}

template <class Lines>
[[nodiscard]] std::uint64_t digest_of_lines(const Lines& lines) {
  std::uint64_t sum = 0;
  std::uint32_t number = 0;
  for (const auto& line : lines) sum += digest_of_line(number++, line.sku(), line.quantity());
  return sum;
}

struct OrderTerms {
  std::uint64_t customer = 0;  ///< digest of the customer's id
  std::uint64_t goods = 0;     ///< digest of the lines
  std::int64_t amount_minor = 0;

  friend bool operator==(const OrderTerms&, const OrderTerms&) = default;
};

/// Of an order as it was placed, or as its saga keeps it.
template <class AnyOrder>
[[nodiscard]] OrderTerms terms_of(const AnyOrder& order) {
  OrderTerms terms{digest_of(order.customer_id()), digest_of_lines(order.lines()),
                   order.freight_minor()};
  for (const auto& line : order.lines()) {
    terms.amount_minor += std::int64_t{line.quantity()} * line.unit_price_minor();
  }
  return terms;
}

}  // namespace millrace::orders::audit
