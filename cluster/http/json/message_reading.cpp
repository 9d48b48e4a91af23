#include "cluster/http/json/message_reading.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cluster/http/json/json_counter.hpp"

namespace millrace::http {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

/// Types whose JSON is of no fixed form: their names are those of no field.
bool is_free_form(const Descriptor& type) {
  switch (type.well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_ANY:
    case Descriptor::WELLKNOWNTYPE_LISTVALUE:
    case Descriptor::WELLKNOWNTYPE_STRUCT:
    case Descriptor::WELLKNOWNTYPE_VALUE:
      return true;
    default:
      return false;
  }
}

bool is_integer64(const Descriptor& type) {
  return type.well_known_type() == Descriptor::WELLKNOWNTYPE_INT64VALUE ||
         type.well_known_type() == Descriptor::WELLKNOWNTYPE_UINT64VALUE;
}

bool is_integer64(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT64:
      return true;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return is_integer64(*field.message_type());
    default:
      return false;
  }
}

/// The field that the parser takes `name` for; null: none.
const FieldDescriptor* field_of(const Descriptor& type, const std::string& name) {
  if (const FieldDescriptor* field = type.FindFieldByName(name)) return field;
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == name) return type.field(i);
  }
  return nullptr;
}

/// Follows the fields of the type through the text.
class MessageReader final : public JsonCounter {
 public:
  explicit MessageReader(const Descriptor& type) : JsonCounter(message_json_bounds), type_(type) {}

  bool number_float(number_float_t value, const string_t& digits) override {
    return JsonCounter::number_float(value, digits) && check_integer(digits);
  }
  bool string(string_t& value) override {
    return JsonCounter::string(value) && check_integer(value);
  }
  bool key(string_t& name) override { return JsonCounter::key(name) && enter(name); }
  bool start_object(std::size_t size) override {
    if (!JsonCounter::start_object(size)) return false;
    const FieldDescriptor* const field = next_field();
    if (field != nullptr && field->is_map()) {
      levels_.push_back({.value = field->message_type()->map_value()});
    } else {
      const Descriptor* const type = next_type();
      levels_.push_back({.type = type == nullptr || is_free_form(*type) ? nullptr : type});
    }
    return true;
  }
  bool start_array(std::size_t size) override {
    if (!JsonCounter::start_array(size)) return false;
    const FieldDescriptor* const field = next_field();
    levels_.push_back(
        {.value = field != nullptr && field->is_repeated() && !field->is_map() ? field : nullptr});
    return true;
  }
  bool end_object() override {
    levels_.pop_back();
    return JsonCounter::end_object();
  }
  bool end_array() override {
    levels_.pop_back();
    return JsonCounter::end_array();
  }

  /// What is wrong with a field, where that ended the reading.
  [[nodiscard]] const std::optional<Error>& wrong_field() const { return wrong_field_; }

 private:
  /// An object or array that is open.
  struct Level {
    const Descriptor* type = nullptr;              ///< of an object that is a message; else null
    const FieldDescriptor* value = nullptr;        ///< of the next value; null: not known
    std::string name{};                            ///< of the next value; empty in an array
    std::vector<const FieldDescriptor*> fields{};  ///< of `type`, that were given
    std::set<std::string> names{};                 ///< that were given and are no field
  };

  [[nodiscard]] const FieldDescriptor* next_field() const {
    return levels_.empty() ? nullptr : levels_.back().value;
  }
  /// The type of the next value, if that is a message.
  [[nodiscard]] const Descriptor* next_type() const {
    if (levels_.empty()) return &type_;
    const FieldDescriptor* const field = next_field();
    return field == nullptr ? nullptr : field->message_type();
  }

  bool enter(const std::string& name) {
    Level& level = levels_.back();
    level.name = name;
    bool is_new = true;
    if (const FieldDescriptor* field = level.type ? field_of(*level.type, name) : nullptr) {
      level.value = field;
      is_new = std::find(level.fields.begin(), level.fields.end(), field) == level.fields.end();
      level.fields.push_back(field);
    } else {
      if (level.type != nullptr) level.value = nullptr;
      is_new = level.names.insert(name).second;
    }
    return is_new || fail("expected it once");
  }

  bool check_integer(const std::string& text) {
    const FieldDescriptor* const field = next_field();
    const bool is_integer = levels_.empty() ? is_integer64(type_) : field && is_integer64(*field);
    if (!is_integer || text.find_first_of(".eE") == std::string::npos) return true;
    return fail("expected an integer without fraction and exponent");
  }

  bool fail(const std::string& expected) {
    std::string path;
    for (const Level& level : levels_) {
      if (level.name.empty()) continue;
      if (!path.empty()) path += '.';
      path += level.name.size() <= name_shown_max ? level.name : "(a long name)";
    }
    wrong_field_ = {ErrorCode::invalid_argument,
                    "body: " + (path.empty() ? path : path + ": ") + expected};
    return false;
  }

  static constexpr std::size_t name_shown_max = 100;  ///< bytes

  const Descriptor& type_;
  std::vector<Level> levels_{};  ///< from the outermost
  std::optional<Error> wrong_field_{};
};

}  // namespace

Result<void> check_message_json(std::string_view text, const Descriptor& type) {
  MessageReader reader(type);
  if (nlohmann::ordered_json::sax_parse(text, &reader)) return {};
  if (reader.wrong_field()) return *reader.wrong_field();
  return reader.error();
}

}  // namespace millrace::http
