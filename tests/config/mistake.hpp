// Mistake: a configuration with one error, and the line that reports it.
#pragma once

#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/config/config_fixture.hpp"

namespace millrace::config {

struct Mistake {
  const char* name;
  const char* text;  ///< content of the file "f"
  const char* line;  ///< expected problem
};

// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name
inline void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << mistake.name;
}

class MistakeTest : public testing::TestWithParam<Mistake> {
 protected:
  static void expect_its_line() {
    EXPECT_THAT(lines(resolve_text(GetParam().text)), testing::ElementsAre(GetParam().line));
  }
};

inline std::string name_of(const testing::TestParamInfo<Mistake>& info) {
  return info.param.name;
}

}  // namespace millrace::config
