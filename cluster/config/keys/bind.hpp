// Key::store and Group::open for a field of Config, named by a path of pointers to members. A list
// on the path stands for its last element.
//
//   take<&Config::log, &LogConfig::level>          config.log.level
//   take<&Config::queues, &QueueConfig::name>      config.queues.back().name
#pragma once

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "cluster/config/keys/key_table.hpp"

namespace millrace::config {

template <class T>
concept Enumeration = std::is_enum_v<T>;

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

template <auto Member, auto... Rest>
auto& reach(auto& object) {
  auto& member = object.*Member;
  if constexpr (sizeof...(Rest) == 0) {
    return member;
  } else if constexpr (is_vector<std::remove_cvref_t<decltype(member)>>) {
    return reach<Rest...>(member.back());
  } else {
    return reach<Rest...>(member);
  }
}

inline void assign(std::string& field, const Value& value) {
  field = value.text;
}
inline void assign(std::vector<std::string>& field, const Value& value) {
  field = value.texts;
}
inline void assign(double& field, const Value& value) {
  field = value.decimal;
}
inline void assign(bool& field, const Value& value) {
  field = value.boolean;
}

template <std::integral T>
void assign(T& field, const Value& value) {
  field = static_cast<T>(value.integer);
}

template <Enumeration T>
void assign(T& field, const Value& value) {
  field = static_cast<T>(value.integer);
}

template <class Rep, class Period>
void assign(std::chrono::duration<Rep, Period>& field, const Value& value) {
  field = std::chrono::duration_cast<std::chrono::duration<Rep, Period>>(
      std::chrono::microseconds(value.integer));
}

template <class T>
void assign(std::optional<T>& field, const Value& value) {
  assign(field.emplace(), value);
}

/// Key::store for the field at `Path`. REQUIRES: the range of the key fits the type of the field.
template <auto... Path>
void take(Config& config, const Value& value) {
  assign(reach<Path...>(config), value);
}

/// Group::open for a list of tables: appends an element.
template <auto... Path>
void add_item(Config& config, const std::string&) {
  reach<Path...>(config).emplace_back();
}

/// Group::open for named tables: appends an element with this name.
template <auto... Path>
void add_named(Config& config, const std::string& name) {
  reach<Path...>(config).emplace_back().name = name;
}

}  // namespace millrace::config
