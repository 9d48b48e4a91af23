#include "cluster/kafka/broker/catalogue.hpp"

#include <utility>

namespace millrace::kafka {

std::optional<Catalogue::Entry> Catalogue::find(const std::string& topic) const {
  const std::lock_guard lock(mutex_);
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return std::nullopt;
  return found->second.entry;
}

bool Catalogue::has_group(const std::string& topic, const std::string& group) const {
  const std::lock_guard lock(mutex_);
  const auto found = topics_.find(topic);
  return found != topics_.end() && found->second.entry.groups.contains(group);
}

std::map<std::string, pb::TopicOptions> Catalogue::topics() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, pb::TopicOptions> topics;
  for (const auto& [name, known] : topics_) topics.emplace(name, known.entry.options);
  return topics;
}

std::set<std::string> Catalogue::groups() const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> groups;
  for (const auto& [name, known] : topics_) {
    for (const auto& [group, is_permanent] : known.entry.groups) groups.insert(group);
  }
  return groups;
}

void Catalogue::add(const std::string& topic, const pb::TopicOptions& options) {
  const std::lock_guard lock(mutex_);
  Known& known = topics_[topic];
  known.entry.options = options;
  known.is_new = true;
}

void Catalogue::add_group(const std::string& topic, const std::string& group, bool permanent) {
  const std::lock_guard lock(mutex_);
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return;
  for (auto* groups : {&found->second.entry.groups, &found->second.seen})
    (*groups)[group] = permanent || (*groups)[group];
}

void Catalogue::remove(const std::string& topic) {
  const std::lock_guard lock(mutex_);
  topics_.erase(topic);
}

void Catalogue::remove_group(const std::string& topic, const std::string& group) {
  const std::lock_guard lock(mutex_);
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return;
  for (auto* groups : {&found->second.entry.groups, &found->second.seen}) groups->erase(group);
}

bool Catalogue::begin() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(is_asking_, true)) return false;
  asked_.clear();
  for (auto& [name, known] : topics_) {
    known.is_new = false;
    known.places.clear();
    known.seen.clear();
  }
  return true;
}

void Catalogue::learn(const Place& place, const pb::TopicCallAnswer& answer) {
  const std::lock_guard lock(mutex_);
  asked_.insert(place);
  for (const pb::TopicCallAnswer::Topic& topic : answer.topic()) {
    Known& known = topics_[topic.name()];
    known.places.insert(place);
    known.entry.options = topic.options();
    for (const pb::TopicCallAnswer::Group& group : topic.group())
      known.seen[group.name()] = group.permanent() || known.seen[group.name()];
  }
}

std::vector<Catalogue::Gap> Catalogue::end(
    bool is_complete, const std::function<std::string(const std::string&)>& queue_of) {
  const std::lock_guard lock(mutex_);
  std::vector<Gap> gaps;
  is_asking_ = false;
  if (!is_complete) {
    for (auto& [name, known] : topics_) known.entry.groups.merge(known.seen);
    return gaps;
  }
  std::erase_if(topics_,
                [](const auto& one) { return one.second.places.empty() && !one.second.is_new; });
  for (auto& [name, known] : topics_) {
    known.entry.groups = std::move(known.seen);
    const std::string queue = queue_of(name);
    std::set<Place> lacking;
    for (const Place& place : asked_) {
      if (place.first != queue || known.places.contains(place)) continue;
      if (known.lacking.contains(place)) gaps.push_back({name, known.entry.options, place});
      lacking.insert(place);
    }
    known.lacking = std::move(lacking);
  }
  return gaps;
}

}  // namespace millrace::kafka
