#include "cluster/config/keys/keys_program.hpp"

#include <string_view>

namespace millrace::config {
namespace {

Type type_of(ConfigKey::Type type) {
  switch (type) {
    case ConfigKey::Type::text:
      return Type::text;
    case ConfigKey::Type::integer:
      return Type::integer;
    case ConfigKey::Type::decimal:
      return Type::decimal;
    case ConfigKey::Type::boolean:
      return Type::boolean;
    case ConfigKey::Type::duration:
      return Type::duration;
    case ConfigKey::Type::size:
      return Type::size;
  }
  return Type::text;
}

std::string_view example_of(Type type) {
  switch (type) {
    case Type::integer:
    case Type::decimal:
      return "1";
    case Type::boolean:
      return "true";
    case Type::duration:
      return "\"1s\"";
    case Type::size:
      return "\"1MiB\"";
    default:
      return "\"text\"";
  }
}

// Values go to Resolved::program, and not into the Config.
void store_nothing(Config& /*config*/, const Value& /*value*/) {}

}  // namespace

Key row_of(const ProgramKey& from) {
  Key key{.path = from.key.path,
          .type = type_of(from.key.type),
          .fallback = from.fallback,
          .doc = from.key.doc,
          .store = store_nothing,
          .min = from.key.min,
          .max = from.key.max,
          .is_required = from.key.is_required};
  if (from.fallback.empty()) key.example = example_of(key.type);
  key.is_program = true;
  key.flag = from.key.flag;
  return key;
}

std::vector<ProgramKey>& program_keys() {
  static std::vector<ProgramKey> keys;
  return keys;
}

void add_program_rows(KeyTable& table) {
  for (const ProgramKey& each : program_keys()) table.keys.push_back(row_of(each));
}

}  // namespace millrace::config
