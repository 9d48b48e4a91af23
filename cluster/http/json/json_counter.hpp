// JsonCounter: reads JSON, counts its values and names, and stops at a bound. Builds nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "cluster/http/json/bounded_json.hpp"

namespace millrace::http {

/// Each function returns whether to read on. One text only.
class JsonCounter : public nlohmann::json_sax<nlohmann::ordered_json> {
 public:
  explicit JsonCounter(const JsonBounds& bounds) : bounds_(bounds) {}

  bool null() override { return element(); }
  bool boolean(bool) override { return element(); }
  bool number_integer(number_integer_t) override { return element(); }
  bool number_unsigned(number_unsigned_t) override { return element(); }
  bool number_float(number_float_t, const string_t&) override { return element(); }
  bool string(string_t&) override { return element(); }
  bool binary(binary_t&) override { return element(); }
  bool key(string_t&) override { return element(); }
  bool start_object(std::size_t) override { return begin(); }
  bool end_object() override { return end(); }
  bool start_array(std::size_t) override { return begin(); }
  bool end_array() override { return end(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

  /// Why the text was not read to its end: it is no JSON, or is beyond the bounds.
  [[nodiscard]] Error error() const {
    std::string expected = "body: expected JSON";
    if (passed_ == Passed::elements) {
      expected += " of at most " + std::to_string(bounds_.elements_max) + " values and names";
    } else if (passed_ == Passed::depth) {
      expected += " of at most " + std::to_string(bounds_.depth_max) + " levels";
    }
    return {ErrorCode::invalid_argument, expected};
  }

 private:
  enum class Passed : std::uint8_t { none, elements, depth };

  bool element() {
    if (++elements_ > bounds_.elements_max) passed_ = Passed::elements;
    return passed_ == Passed::none;
  }
  bool begin() {
    if (++depth_ > bounds_.depth_max) passed_ = Passed::depth;
    return passed_ == Passed::none && element();
  }
  bool end() {
    --depth_;
    return true;
  }

  const JsonBounds bounds_;
  std::size_t elements_ = 0;
  std::size_t depth_ = 0;
  Passed passed_ = Passed::none;  ///< the bound that the text went beyond
};

}  // namespace millrace::http
