#include "apps/millrace/bench_output.hpp"

#include <cstdio>
#include <iostream>
#include <string>

namespace millrace::cli {

void print_line(const nlohmann::ordered_json& line, bool json) {
  if (json) {
    std::cout << line.dump() << std::endl;
    return;
  }
  std::string text;
  for (const auto& [key, value] : line.items()) {
    text += (text.empty() ? "" : "  ") + key + " ";
    if (value.is_number_float()) {
      char number[32];
      std::snprintf(number, sizeof number, "%.*f", value.get<double>() < 100 ? 2 : 0,
                    value.get<double>());
      text += number;
    } else {
      text += value.is_string() ? value.get<std::string>() : value.dump();
    }
  }
  std::cout << text << std::endl;
}

}  // namespace millrace::cli
