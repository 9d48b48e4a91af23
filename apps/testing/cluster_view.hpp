// ClusterTestView: what is durable in a simulated cluster, over all its nodes, as of one moment.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "actors/stage/queue_ref.hpp"

namespace millrace {

/// Read from the records of all logs by code that the runtime does not use. A message or a state that is
/// on its way between nodes is seen once. One thread; a reference is valid as long as its ClusterTest, and
/// shows what is durable at the time of each call. Functions throw std::invalid_argument if no pipeline
/// has the queue, or if it has another type.
class ClusterTestView {
 public:
  virtual ~ClusterTestView() = default;
  ClusterTestView(const ClusterTestView&) = delete;
  ClusterTestView& operator=(const ClusterTestView&) = delete;

  /// The live messages of a queue, those included that another node is about to hand over. In the order in
  /// which they became durable.
  template <Message T>
  [[nodiscard]] std::vector<T> waiting(const QueueRef<T>& queue) const {
    return parsed<T>(messages(queue.name(), Fate::waiting));
  }
  /// The messages that the stage which reads `queue` has handled with effect, in that order: each once.
  template <Message T>
  [[nodiscard]] std::vector<T> handled(const QueueRef<T>& queue) const {
    return parsed<T>(messages(queue.name(), Fate::handled));
  }
  /// The messages that this stage has given up.
  template <Message T>
  [[nodiscard]] std::vector<T> dead(const QueueRef<T>& queue) const {
    return parsed<T>(messages(queue.name(), Fate::dead));
  }

  /// The value that the stage which reads `queue` keeps for `key`; nullopt: none.
  template <Message S>
  [[nodiscard]] std::optional<S> state(const std::string& queue, const std::string& key) const {
    const std::map<std::string, std::string>& all = values(queue);
    const auto found = all.find(key);
    if (found == all.end()) return std::nullopt;
    return parse<S>(found->second);
  }
  /// The values of all keys.
  template <Message S>
  [[nodiscard]] std::map<std::string, S> states(const std::string& queue) const {
    std::map<std::string, S> out;
    for (const auto& [key, value] : values(queue)) out.emplace(key, parse<S>(value));
    return out;
  }

 protected:
  enum class Fate : std::uint8_t { waiting, handled, dead };
  ClusterTestView() = default;

 private:
  [[nodiscard]] virtual std::vector<std::string_view> messages(const std::string& queue,
                                                               Fate fate) const = 0;
  [[nodiscard]] virtual const std::map<std::string, std::string>& values(
      const std::string& queue) const = 0;

  template <Message T>
  static T parse(std::string_view bytes) {
    T message;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      throw std::invalid_argument("expected a " + std::string(message.GetTypeName()) +
                                  ", which the bytes are not");
    }
    return message;
  }
  template <Message T>
  static std::vector<T> parsed(const std::vector<std::string_view>& payloads) {
    std::vector<T> out;
    for (const std::string_view payload : payloads) out.push_back(parse<T>(payload));
    return out;
  }
};

}  // namespace millrace
