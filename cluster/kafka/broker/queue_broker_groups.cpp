// The part of QueueBroker that is about groups.
#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "cluster/kafka/broker/collect.hpp"
#include "cluster/kafka/broker/queue_broker.hpp"

namespace millrace::kafka {
namespace {

Error of_configuration(const std::string& group) {
  return {ErrorCode::rejected, "group " + group + " is of the configuration: take it out first"};
}

}  // namespace

void QueueBroker::subscribe(const std::string& group, std::vector<std::string> topics,
                            Done<void> done) {
  for (const std::string& topic : topics) {
    if (auto refusal = check_group(topic, group)) return done(std::move(*refusal));
  }
  // Also those that this node has not heard of: another one may have made them just now.
  const auto all = Collect<void>::make(topics.size(), [done = std::move(done)](auto& outcomes) {
    for (const auto& outcome : outcomes) {
      if (!*outcome) return done(outcome->error());
    }
    done(Result<void>{});
  });
  for (std::size_t i = 0; i < topics.size(); ++i) join(topics[i], group, false, all->slot(i));
}

bool QueueBroker::is_configured(const std::string& topic, const std::string& group) const {
  const auto configured = options_.topics.find(topic);
  if (configured == options_.topics.end()) return false;
  const std::vector<std::string>& groups = configured->second.groups;
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

std::optional<Error> QueueBroker::check_group(const std::string& topic,
                                              const std::string& group) const {
  if (options_.auto_create || catalogue_->has_group(topic, group)) return std::nullopt;
  if (is_configured(topic, group)) return std::nullopt;
  return Error{ErrorCode::rejected,
               "group " + group + " of topic " + topic + " is not in the configuration"};
}

void QueueBroker::commit(const std::string& group, std::vector<GroupOffset> offsets,
                         Done<std::vector<Result<void>>> done) {
  std::vector<Result<void>> outcomes(offsets.size());
  std::vector<std::size_t> places;  // of the calls
  Calls calls;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    const GroupOffset& one = offsets[i];
    auto refusal = check(one.partition);
    if (!refusal) refusal = check_group(one.partition.topic, group);
    if (refusal) {
      outcomes[i] = std::move(*refusal);
      continue;
    }
    places.push_back(i);
    pb::TopicCall& call = calls.emplace_back();
    call.set_queue(queue_of(one.partition.topic));
    call.set_shard(static_cast<std::uint32_t>(one.partition.partition));
    pb::TopicCall::Commit& commit = *call.mutable_commit();
    commit.set_topic(one.partition.topic);
    commit.set_group(group);
    commit.set_offset(one.offset);
    commit.set_metadata(one.metadata);
  }
  calls_->call(calls, [outcomes = std::move(outcomes), places = std::move(places),
                       done = std::move(done)](const TopicCalls::Results& results) mutable {
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!results[i]) outcomes[places[i]] = results[i].error();
    }
    done(std::move(outcomes));
  });
}

void QueueBroker::committed(const std::string& group,
                            std::optional<std::vector<TopicPartition>> partitions,
                            Done<std::vector<GroupOffset>> done) {
  pb::TopicCall call;
  call.mutable_describe()->set_group(group);
  Calls calls;
  if (partitions) {
    std::set<Catalogue::Place> places;
    for (const TopicPartition& one : *partitions) {
      if (!check(one))
        places.emplace(queue_of(one.topic), static_cast<std::uint32_t>(one.partition));
    }
    for (const auto& [queue, shard] : places) {
      pb::TopicCall& asked = calls.emplace_back(call);
      asked.set_queue(queue);
      asked.set_shard(shard);
    }
  } else {
    calls = describe_all(call);
  }
  std::vector<std::int32_t> shards;
  for (const pb::TopicCall& one : calls) shards.push_back(static_cast<std::int32_t>(one.shard()));
  calls_->call(calls, [shards, partitions = std::move(partitions),
                       done = std::move(done)](const TopicCalls::Results& results) {
    std::map<TopicPartition, GroupOffset> found;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!results[i]) return done(results[i].error());
      for (const pb::TopicCallAnswer::Topic& topic : results[i]->topic()) {
        for (const pb::TopicCallAnswer::Group& one : topic.group()) {
          const TopicPartition partition{topic.name(), shards[i]};
          if (one.committed() >= 0) found[partition] = {partition, one.committed(), one.metadata()};
        }
      }
    }
    std::vector<GroupOffset> offsets;
    if (!partitions) {
      for (auto& [partition, offset] : found) offsets.push_back(std::move(offset));
      return done(std::move(offsets));
    }
    for (const TopicPartition& one : *partitions) {
      const auto place = found.find(one);
      offsets.push_back(place == found.end() ? GroupOffset{.partition = one} : place->second);
    }
    done(std::move(offsets));
  });
}

void QueueBroker::unsubscribe(const std::string& group,
                              std::optional<std::vector<TopicPartition>> partitions,
                              Done<std::vector<Result<void>>> done) {
  if (!partitions) return unsubscribe_all(group, std::move(done));
  std::vector<Result<void>> outcomes(partitions->size());
  std::vector<std::size_t> places;  // of the calls
  Calls calls;
  for (std::size_t i = 0; i < partitions->size(); ++i) {
    const TopicPartition& one = (*partitions)[i];
    auto refusal = check(one);
    if (!refusal && is_configured(one.topic, group)) refusal = of_configuration(group);
    if (refusal) {
      outcomes[i] = std::move(*refusal);
      continue;
    }
    places.push_back(i);
    pb::TopicCall& call = calls.emplace_back();
    call.set_queue(queue_of(one.topic));
    call.set_shard(static_cast<std::uint32_t>(one.partition));
    call.mutable_leave()->set_topic(one.topic);
    call.mutable_leave()->set_group(group);
  }
  calls_->call(calls, [outcomes = std::move(outcomes), places = std::move(places),
                       done = std::move(done)](const TopicCalls::Results& results) mutable {
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!results[i]) outcomes[places[i]] = results[i].error();
    }
    done(std::move(outcomes));
  });
}

/// Asks all shards first: this node need not know all that the group reads.
void QueueBroker::unsubscribe_all(const std::string& group, Done<std::vector<Result<void>>> done) {
  for (const auto& [topic, configured] : options_.topics) {
    if (is_configured(topic, group)) {
      return done(std::vector<Result<void>>{of_configuration(group)});
    }
  }
  survey(
      std::nullopt, group,
      [calls = calls_, catalogue = catalogue_, group, done = std::move(done)](Survey found) {
        using Outcomes = std::vector<Result<void>>;
        if (found.failure) return done(Outcomes{*found.failure});
        Calls leaves;
        for (const Survey::Place& place : found.places) {
          if (place.topic.group().empty()) continue;
          pb::TopicCall& call = leaves.emplace_back();
          call.set_queue(place.queue);
          call.set_shard(place.shard);
          call.mutable_leave()->set_topic(place.topic.name());
          call.mutable_leave()->set_group(group);
        }
        if (leaves.empty()) {
          return done(Outcomes{Error{ErrorCode::not_found, "there is no group " + group}});
        }
        calls->call(leaves, [catalogue, group, leaves, done](const TopicCalls::Results& results) {
          for (std::size_t i = 0; i < results.size(); ++i) {
            const bool is_gone = results[i] || results[i].error().code == ErrorCode::not_found;
            if (!is_gone) return done(Outcomes{results[i].error()});
            catalogue->remove_group(leaves[i].leave().topic(), group);
          }
          done(Outcomes{Result<void>()});
        });
      });
}

void QueueBroker::survey(const std::optional<std::string>& topic,
                         const std::optional<std::string>& group,
                         std::function<void(Survey)> done) {
  pb::TopicCall describe;
  describe.mutable_describe();
  if (topic) describe.mutable_describe()->set_topic(*topic);
  if (group) describe.mutable_describe()->set_group(*group);
  const Calls calls = topic ? for_each_shard(queue_of(*topic), describe) : describe_all(describe);
  Survey survey;
  for (const pb::TopicCall& each : calls) {
    survey.places.push_back({.queue = each.queue(),
                             .shard = each.shard(),
                             .owner = options_.owner(each.queue(), each.shard())});
  }
  calls_->call(calls, [asked = std::move(survey),
                       done = std::move(done)](const TopicCalls::Results& results) {
    Survey found;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!results[i]) {
        ++found.unanswered;
        if (!found.failure) found.failure = results[i].error();
        continue;
      }
      for (const pb::TopicCallAnswer::Topic& one : results[i]->topic()) {
        found.places.push_back(asked.places[i]);
        found.places.back().topic = one;
      }
    }
    done(std::move(found));
  });
}

std::vector<std::string> QueueBroker::groups() {
  refresh();
  std::vector<std::string> groups;
  for (const std::string& group : catalogue_->groups()) {
    if (coordinating_node(group) == options_.self) groups.push_back(group);
  }
  return groups;
}

}  // namespace millrace::kafka
