#include "cluster/http/json/bounded_json.hpp"

#include <cstdint>
#include <string>

namespace millrace::http {
namespace {

using Json = nlohmann::ordered_json;

/// Counts, and builds nothing. Each function returns whether to read on.
class Counter final : public nlohmann::json_sax<Json> {
 public:
  explicit Counter(const JsonBounds& bounds) : bounds_(bounds) {}

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

  enum class Passed : std::uint8_t { none, elements, depth };

  /// Which bound the text went beyond.
  [[nodiscard]] Passed passed() const { return passed_; }

 private:
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
  Passed passed_ = Passed::none;
};

}  // namespace

Result<void> check_json(std::string_view text, const JsonBounds& bounds) {
  Counter counter(bounds);
  if (Json::sax_parse(text, &counter)) return {};
  std::string expected = "body: expected JSON";
  if (counter.passed() == Counter::Passed::elements) {
    expected += " of at most " + std::to_string(bounds.elements_max) + " values and names";
  } else if (counter.passed() == Counter::Passed::depth) {
    expected += " of at most " + std::to_string(bounds.depth_max) + " levels";
  }
  return Error{ErrorCode::invalid_argument, expected};
}

Result<Json> parse_json(std::string_view text, const JsonBounds& bounds) {
  if (auto checked = check_json(text, bounds); !checked) return checked.error();
  return Json::parse(text, nullptr, false);
}

}  // namespace millrace::http
