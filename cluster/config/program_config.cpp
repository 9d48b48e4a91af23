#include <functional>

#include "actors/base/assert.hpp"
#include "cluster/config/program_keys.hpp"

namespace millrace {
namespace {

template <class T>
const T& value_of(const std::map<std::string, ProgramConfig::Value, std::less<>>& values,
                  std::string_view path) {
  const auto found = values.find(path);
  MILLRACE_ASSERT(found != values.end());
  const T* const value = std::get_if<T>(&found->second);
  MILLRACE_ASSERT(value != nullptr);
  return *value;
}

}  // namespace

const std::string& ProgramConfig::text(std::string_view path) const {
  return value_of<std::string>(values_, path);
}
std::int64_t ProgramConfig::integer(std::string_view path) const {
  return value_of<std::int64_t>(values_, path);
}
double ProgramConfig::decimal(std::string_view path) const {
  return value_of<double>(values_, path);
}
bool ProgramConfig::boolean(std::string_view path) const {
  return value_of<bool>(values_, path);
}
std::chrono::microseconds ProgramConfig::duration(std::string_view path) const {
  return std::chrono::microseconds(integer(path));
}
std::int64_t ProgramConfig::size_bytes(std::string_view path) const {
  return integer(path);
}

}  // namespace millrace
