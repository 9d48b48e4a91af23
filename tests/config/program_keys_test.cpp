// Promise: keys that a program adds are read, checked and overridden as those of Millrace, and no others are
// let through. A process adds them once, so this is a program of its own.
#include "cluster/config/program_keys.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/config/file/print.hpp"
#include "tests/config/config_fixture.hpp"

namespace millrace::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = ConfigKey::Type;

std::string error_of(const ConfigKey& key) {
  const auto added = add_program_keys({key});
  return added ? "" : added.error().message;
}

class ProgramKeys : public testing::Test {
 protected:
  /// Before the first test reads a configuration: first what is refused, then the keys of the tests.
  static void SetUpTestSuite() {
    const std::string place = "the program's key ";
    for (const char* path : {"shop", "Shop.a", "shop.a.b", ".a", "shop.", "shop.a__b", "1.a"}) {
      EXPECT_THAT(error_of({.path = path, .doc = "A."}), HasSubstr("expected \"table.key\""))
          << path;
    }
    for (const char* path : {"log.color", "queue.a", "node.b", "include.c"}) {
      EXPECT_THAT(error_of({.path = path, .doc = "A."}), HasSubstr("is a table of Millrace"))
          << path;
    }
    EXPECT_EQ(error_of({.path = "shop.a", .doc = ""}),
              place + "\"shop.a\": doc: expected a sentence, got none");
    EXPECT_EQ(
        error_of({.path = "shop.a", .type = Kind::integer, .fallback = "x", .doc = "A.", .max = 5}),
        place + "\"shop.a\": fallback: expected an integer from 0 to 5, got \"x\"");
    EXPECT_THAT(error_of({.path = "s.a", .fallback = "x", .is_required = true, .doc = "A."}),
                HasSubstr("as the key is required"));
    EXPECT_THAT(error_of({.path = "s.a", .type = Kind::integer, .doc = "A.", .min = 2, .max = 1}),
                HasSubstr("min"));
    for (const char* flag : {"-x", "--", "--X", "--1", "---x", "stock", "--a b"}) {
      EXPECT_THAT(error_of({.path = "s.a", .doc = "A.", .flag = flag}), HasSubstr("flag: expected"))
          << flag;
    }
    EXPECT_THAT(error_of({.path = "s.a", .doc = "A.", .flag = "--set"}),
                HasSubstr("--set is there already"));
    EXPECT_FALSE(add_program_keys({{.path = "s.a", .doc = "A.", .flag = "--a"},
                                   {.path = "s.b", .doc = "A.", .flag = "--a"}}));
    EXPECT_FALSE(add_program_keys({{.path = "s.a", .doc = "A."}, {.path = "s.a", .doc = "A."}}));
    const auto added = add_program_keys(
        {{.path = "shop.database", .is_required = true, .doc = "Where the data is."},
         {.path = "shop.stock",
          .type = Kind::integer,
          .fallback = "10",
          .doc = "At first.",
          .max = 99},
         {.path = "shop.patience",
          .type = Kind::duration,
          .fallback = "5s",
          .doc = "For a charge."},
         {.path = "shop.cache", .type = Kind::size, .fallback = "1MiB", .doc = "Of prices."},
         {.path = "shop.is_open",
          .type = Kind::boolean,
          .fallback = "true",
          .doc = "Takes orders."},
         {.path = "tax.rate", .type = Kind::decimal, .doc = "Of all prices."}});
    ASSERT_TRUE(added) << added.error().message;
  }
};

TEST_F(ProgramKeys, HaveTheValuesOfTheFileAndTheirDefaults) {
  const Resolved resolved = resolve_text(
      "node.name = \"a\"\n[shop]\ndatabase = \"host=x\"\npatience = \"20ms\"\n[tax]\nrate = 0.5\n");
  ASSERT_THAT(lines(resolved), IsEmpty());
  const ProgramConfig& values = resolved.program;
  EXPECT_EQ(values.text("shop.database"), "host=x");
  EXPECT_EQ(values.integer("shop.stock"), 10);
  EXPECT_EQ(values.duration("shop.patience"), 20ms);
  EXPECT_EQ(values.size_bytes("shop.cache"), 1 << 20);
  EXPECT_TRUE(values.boolean("shop.is_open"));
  EXPECT_EQ(values.decimal("tax.rate"), 0.5);
  EXPECT_EQ(told(resolved, "shop.stock"), "10 from default");
  EXPECT_EQ(told(resolved, "shop.patience"), "\"20ms\" from f:4");
  EXPECT_FALSE(resolve_text("node.name = \"a\"\nshop.database = \"x\"\n").program.has("tax.rate"));
}

TEST_F(ProgramKeys, AreOverriddenAsAllOthers) {
  Inputs inputs;
  inputs.environment = {{"MILLRACE__SHOP__STOCK", "2"}, {"MILLRACE__SHOP__IS_OPEN", "false"}};
  inputs.sets = {"shop.stock=3", "shop.database=host=y"};
  const Resolved resolved =
      resolve_text("node.name = \"a\"\nshop.database = \"x\"\nshop.stock = 1\n", std::move(inputs));
  ASSERT_THAT(lines(resolved), IsEmpty());
  EXPECT_EQ(resolved.program.integer("shop.stock"), 3);
  EXPECT_FALSE(resolved.program.boolean("shop.is_open"));
  EXPECT_EQ(resolved.program.text("shop.database"), "host=y");
}

TEST_F(ProgramKeys, AreRefusedWithTheirPlaceIfTheyAreWrongOrUnknown) {
  const Resolved resolved = resolve_text(
      "node.name = \"a\"\n[shop]\nstock = 100\npatience = 5\ndatabse = \"x\"\n[shpo]\na = 1\n");
  EXPECT_THAT(
      lines(resolved),
      ElementsAre(
          "f:2:2: error: shop.database: expected a text that is not empty, got nothing",
          "f:3:9: error: shop.stock: expected an integer from 0 to 99, got 100",
          HasSubstr("f:4:12: error: shop.patience: expected a duration"),
          "f:5:1: error: shop.databse: expected a known key, got an unknown one; did you mean "
          "shop.database?",
          HasSubstr("did you mean shop?")));
}

TEST_F(ProgramKeys, AreInTheFileOfDefaults) {
  EXPECT_THAT(defaults_file(), HasSubstr("[shop]"));
  EXPECT_THAT(defaults_file(), HasSubstr("stock = 10"));
  EXPECT_THAT(reference_page(), HasSubstr("| `patience` |"));
}

}  // namespace
}  // namespace millrace::config
