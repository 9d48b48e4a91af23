#include "apps/audit/model/topics.hpp"

#include <algorithm>
#include <set>

namespace millrace::audit {
namespace {

constexpr std::uint64_t number_modulus = std::uint64_t{1} << 31;

class TopicsApplier {
 public:
  TopicsApplier(const pb::Change& change, const std::string& queue, const std::string& title,
                AuditedTopics& topics, const ComplainOf& complain)
      : change_(change), queue_(queue), title_(title), topics_(topics), complain_(complain) {}

  void run(std::uint64_t last) {
    for (const pb::TopicChange& topic : change_.topic()) {
      if (topic.has_options()) topics_.try_emplace(topic.name());
    }
    append_all(last);
    for (const pb::TopicChange& topic : change_.topic()) apply(topic);
  }

 private:
  void wrong(About about, const std::string& topic, const std::string& what) const {
    complain_(about, title_ + ", topic " + topic.substr(0, 60) + ": " + what);
  }

  void append_all(std::uint64_t last) {
    std::map<std::uint32_t, std::pair<std::string, const pb::TopicAppend*>> named;
    for (const pb::TopicChange& topic : change_.topic()) {
      for (const pb::TopicAppend& append : topic.append()) {
        if (append.index() >= static_cast<std::uint32_t>(change_.append_size())) {
          wrong(About::records, topic.name(), "it appends a message that the record has not");
        } else if (!named.emplace(append.index(), std::pair(topic.name(), &append)).second) {
          wrong(About::records, topic.name(), "a message belongs to two topics");
        }
      }
    }
    std::uint64_t sequence = last - static_cast<std::uint64_t>(change_.append_size());
    for (int i = 0; i < change_.append_size(); ++i) {
      const auto found = named.find(static_cast<std::uint32_t>(i));
      const std::string& name = found == named.end() ? queue_ : found->second.first;
      if (found != named.end() && !topics_.contains(name)) {
        wrong(About::messages, name, "a batch for a topic that is not there");
      }
      AuditedTopic& topic = topics_[name];
      const std::uint32_t count = std::max<std::uint32_t>(change_.append(i).records(), 1);
      if (found != named.end()) check_number(name, *found->second.second, count, topic);
      topic.batches[++sequence] = {topic.next, count};
      topic.next += count;
    }
  }

  void check_number(const std::string& name, const pb::TopicAppend& append, std::uint32_t count,
                    AuditedTopic& topic) const {
    if (append.producer() < 0) return;
    const auto [place, is_new] = topic.producers.try_emplace(append.producer());
    AuditedTopic::Numbers& known = place->second;
    const std::uint32_t expected = is_new || append.epoch() > known.epoch ? 0 : known.next;
    if (append.epoch() < known.epoch || append.sequence() != expected) {
      wrong(About::producers, name,
            "producer " + std::to_string(append.producer()) + " of epoch " +
                std::to_string(append.epoch()) + " appends number " +
                std::to_string(append.sequence()) + ", expected " + std::to_string(expected) +
                " of epoch " + std::to_string(known.epoch));
    }
    known.epoch = append.epoch();
    known.next =
        static_cast<std::uint32_t>((std::uint64_t{append.sequence()} + count) % number_modulus);
  }

  void apply(const pb::TopicChange& change) {
    if (change.remove()) {
      topics_.erase(change.name());
      return;
    }
    const auto found = topics_.find(change.name());
    if (found == topics_.end()) return;
    AuditedTopic& topic = found->second;
    if (change.start() > 0) trim(change, topic);
    for (const pb::GroupChange& group : change.group()) apply(change.name(), group, topic);
    for (const std::int64_t producer : change.forget_producer()) topic.producers.erase(producer);
  }

  void apply(const std::string& name, const pb::GroupChange& change, AuditedTopic& topic) const {
    if (change.what_case() == pb::GroupChange::kForget) {
      topic.groups.erase(change.group());
      return;
    }
    const auto [place, is_new] = topic.groups.try_emplace(change.group());
    if (is_new) place->second.held_from = topic.next;
    if (change.what_case() != pb::GroupChange::kCommit) return;
    if (change.commit() < 0 || change.commit() > topic.next) {
      wrong(About::messages, name,
            "group " + change.group().substr(0, 60) + " commits " +
                std::to_string(change.commit()) + " of " + std::to_string(topic.next));
    }
    place->second.committed = change.commit();
  }

  // What goes must be gone from the queue by the same record, and no group may need it.
  void trim(const pb::TopicChange& change, AuditedTopic& topic) const {
    std::set<std::uint64_t> gone(change_.ack().begin(), change_.ack().end());
    gone.insert(change_.drop().begin(), change_.drop().end());
    std::int64_t needed = topic.next;
    for (const auto& [name, group] : topic.groups) needed = std::min(needed, group.needs_from());
    while (!topic.batches.empty() && topic.batches.begin()->second.end() <= change.start()) {
      const auto& [sequence, batch] = *topic.batches.begin();
      if (!gone.contains(sequence)) {
        wrong(About::messages, change.name(),
              "offset " + std::to_string(batch.base) + " goes, and its message stays");
      }
      if (batch.end() > needed && !change.removing()) {
        wrong(About::messages, change.name(),
              "offset " + std::to_string(batch.base) + " goes, and a group needs it");
      }
      topic.batches.erase(topic.batches.begin());
    }
    topic.start = std::max(topic.start, change.start());
  }

  const pb::Change& change_;
  const std::string& queue_;
  const std::string& title_;
  AuditedTopics& topics_;
  const ComplainOf& complain_;
};

}  // namespace

void apply_topics(const pb::Change& change, const std::string& queue, const std::string& title,
                  std::uint64_t last, AuditedTopics& topics, const ComplainOf& complain) {
  TopicsApplier(change, queue, title, topics, complain).run(last);
}

void load_topic(const pb::TopicPart& part, const std::string& title, AuditedTopics& topics,
                const ComplainOf& complain) {
  AuditedTopic& topic = topics[part.name()];
  if (!part.continues()) {
    topic.start = part.start();
    topic.next = part.next();
  }
  for (const pb::TopicPart::Group& group : part.group())
    topic.groups[group.name()] = {group.committed(), group.held_from()};
  for (const pb::TopicPart::Producer& producer : part.producer())
    topic.producers[producer.id()] = {producer.epoch(), producer.next_sequence()};
  if (part.sequence_step_size() != part.count_size() ||
      part.base_step_size() != part.count_size()) {
    return complain(About::checkpoints, title + ", topic " + part.name() + ": columns differ");
  }
  std::uint64_t sequence = 0;
  std::int64_t base = 0;
  for (int i = 0; i < part.count_size(); ++i) {
    sequence += part.sequence_step(i);
    base += part.base_step(i);
    topic.batches[sequence] = {base, part.count(i)};
  }
}

std::string difference_of_topics(const AuditedTopics& records, const AuditedTopics& checkpoint) {
  if (records == checkpoint) return {};
  for (const auto& [name, topic] : records) {
    const auto other = checkpoint.find(name);
    if (other == checkpoint.end()) return "topic " + name + " is missing";
    if (!(topic == other->second)) return "topic " + name + " is another";
  }
  return "the checkpoint has more topics";
}

}  // namespace millrace::audit
