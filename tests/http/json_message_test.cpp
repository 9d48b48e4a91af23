// Promise: a message from JSON has what the JSON says. What Protobuf's parser would change in silence,
// a field that is given twice and a 64-bit integer that passes through a double, is refused with the
// name of the field.
#include "cluster/http/json/json_message.hpp"

#include <string>

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "cluster/http/json/message_reading.hpp"

namespace millrace::http {
namespace {

using google::protobuf::FileOptions;
using google::protobuf::Int64Value;
using google::protobuf::Struct;
using google::protobuf::UninterpretedOption;

template <class T>
Result<T> read(const std::string& json) {
  auto message = message_from_json(T::descriptor()->full_name(), json);
  if (!message) return message.error();
  T out;
  out.CopyFrom(**message);
  return out;
}

template <class T>
std::string refusal(const std::string& json) {
  const auto message = read<T>(json);
  if (message) return "taken: " + message->ShortDebugString();
  EXPECT_EQ(message.error().code, ErrorCode::invalid_argument);
  return message.error().message;
}

TEST(JsonMessage, RefusesAFieldThatIsGivenTwice) {
  EXPECT_EQ(refusal<UninterpretedOption>(R"({"string_value":"YQ==","string_value":"Yg=="})"),
            "body: string_value: expected it once");
  EXPECT_EQ(refusal<UninterpretedOption>(R"({"string_value":"YQ==","stringValue":"Yg=="})"),
            "body: stringValue: expected it once")
      << "its two spellings";
  EXPECT_EQ(refusal<FileOptions>(
                R"({"uninterpreted_option":[{},{"name":[],"aggregate_value":"","name":[]}]})"),
            "body: uninterpreted_option.name: expected it once");
  EXPECT_EQ(refusal<FileOptions>(R"({"go_package":"a","go_package":"a"})"),
            "body: go_package: expected it once")
      << "also with one value";
}

TEST(JsonMessage, RefusesANameThatIsGivenTwiceInAMap) {
  EXPECT_EQ(refusal<Struct>(R"({"a":{"b":1,"b":1}})"), "body: a.b: expected it once");
  EXPECT_EQ(refusal<Struct>(R"({"a":1,"b":[{"a":1}],"a":2})"), "body: a: expected it once");
  EXPECT_TRUE(read<Struct>(R"({"a":{"a":1},"b":[{"a":1},{"a":2}]})"));
}

TEST(JsonMessage, TakesTheSameFieldInEachOfSeveralMessages) {
  const auto options = read<FileOptions>(
      R"({"uninterpreted_option":[{"positive_int_value":"1"},{"positive_int_value":"2"}]})");
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->uninterpreted_option(1).positive_int_value(), 2u);
}

TEST(JsonMessage, RefusesA64BitIntegerThatIsNotDigitsAlone) {
  for (const char* value : {"9007199254740993.0", "1e3", "1E3", "0.5", "\"1e3\"", "\"1.0\""}) {
    const std::string json = std::string(R"({"negative_int_value":)") + value + "}";
    EXPECT_EQ(refusal<UninterpretedOption>(json),
              "body: negative_int_value: expected an integer without fraction and exponent")
        << value;
    EXPECT_EQ(refusal<FileOptions>(R"({"uninterpretedOption":[)" + json + "]}"),
              "body: uninterpretedOption.negative_int_value: expected an integer without fraction "
              "and exponent")
        << value;
    EXPECT_EQ(refusal<Int64Value>(value), "body: expected an integer without fraction and exponent")
        << value;
  }
}

TEST(JsonMessage, TakesEvery64BitIntegerAsItIs) {
  for (const char* value : {"9007199254740993", "-9223372036854775808", "9223372036854775807"}) {
    const auto number = read<Int64Value>(value);
    ASSERT_TRUE(number) << number.error().message;
    EXPECT_EQ(std::to_string(number->value()), value);
    const auto text = read<Int64Value>('"' + std::string(value) + '"');
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(std::to_string(text->value()), value);
  }
  EXPECT_FALSE(read<Int64Value>("9223372036854775808"));
  EXPECT_FALSE(read<Int64Value>("18446744073709551616"));
}

TEST(JsonMessage, TakesFractionsWhereTheyLoseNothing) {
  const auto option = read<UninterpretedOption>(R"({"double_value":1.5e3})");
  ASSERT_TRUE(option) << option.error().message;
  EXPECT_EQ(option->double_value(), 1500);
  EXPECT_TRUE(read<Struct>(R"({"a":1.5,"b":"1.5"})"));
}

TEST(JsonMessage, IsReadWithinTheBounds) {
  const auto& type = *Struct::descriptor();
  EXPECT_EQ(check_message_json("{", type).error().message, "body: expected JSON");
  EXPECT_NE(check_message_json(std::string(8u << 20, '['), type).error().message.find("64 levels"),
            std::string::npos);
  EXPECT_EQ(refusal<UninterpretedOption>(R"({"none":{"a":1}})").find("body: expected the JSON"),
            0u);
}

}  // namespace
}  // namespace millrace::http
