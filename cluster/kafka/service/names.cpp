#include "cluster/kafka/service/names.hpp"

#include <algorithm>

#include "cluster/config/read/document.hpp"

namespace millrace::kafka {
namespace {

bool is_topic_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

}  // namespace

bool is_topic_name(std::string_view name) {
  return !name.empty() && name.size() <= topic_bytes_max && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), is_topic_character);
}

bool is_group_name(std::string_view name) {
  return !name.empty() && name.size() <= group_bytes_max &&
         std::none_of(name.begin(), name.end(), is_control) && config::is_utf8(name);
}

}  // namespace millrace::kafka
