#include "cluster/node/topic_levers.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <tuple>
#include <utility>

#include "cluster/kafka/protocol/subscription.hpp"

namespace millrace::cluster {
namespace {

constexpr const char* group_service = "kafka.groups";
constexpr std::chrono::seconds call_timeout{15};
/// Longer than calls between nodes, so that theirs is the error that is seen.
constexpr std::chrono::seconds answer_timeout{20};

const Error closed{ErrorCode::draining, "the node stops serving Kafka's clients"};

/// Waits for the outcome that `begin` passes to the function it is given, from any thread. Fails with `timeout`.
template <class T>
Result<T> outcome_of(const std::function<void(std::function<void(Result<T>)>)>& begin) {
  struct Shared {
    std::mutex mutex{};
    std::condition_variable arrived{};
    std::optional<Result<T>> outcome{};
  };
  const auto shared = std::make_shared<Shared>();
  begin([shared](Result<T> outcome) {
    const std::lock_guard lock(shared->mutex);
    if (!shared->outcome) shared->outcome.emplace(std::move(outcome));
    shared->arrived.notify_all();
  });
  std::unique_lock lock(shared->mutex);
  if (!shared->arrived.wait_for(lock, answer_timeout,
                                [&] { return shared->outcome.has_value(); })) {
    return Error{ErrorCode::timeout,
                 "no answer about topics within " + std::to_string(answer_timeout.count()) + " s"};
  }
  return std::move(*shared->outcome);
}

/// Records of a partition that the group has not committed.
std::uint64_t lag_of(const pb::TopicCallAnswer::Topic& topic,
                     const pb::TopicCallAnswer::Group& group) {
  const std::int64_t from = std::max(group.committed(), topic.start());
  return static_cast<std::uint64_t>(std::max<std::int64_t>(topic.next() - from, 0));
}

bool is_wanted(const std::optional<std::string>& wanted, const std::string& name) {
  return !wanted || *wanted == name;
}

void add_member(pb::GroupCallAnswer::Group& group, const kafka::DescribedGroup::Member& member) {
  pb::GroupCallAnswer::Member& out = *group.add_member();
  out.set_id(member.id);
  out.set_instance(member.instance.value_or(""));
  out.set_client_id(member.client_id);
  out.set_host(member.client_host);
  const auto assigned = kafka::assigned_partitions(member.assignment);
  if (!assigned) return;  // of another protocol than that of consumers, or not assigned yet
  for (const auto& [topic, partitions] : *assigned) {
    pb::GroupCallAnswer::Assigned& part = *out.add_assigned();
    part.set_topic(std::string(topic));
    for (const std::int32_t each : partitions) part.add_partition(static_cast<std::uint32_t>(each));
  }
}

http::GroupMemberView view_of(const pb::GroupCallAnswer::Member& member) {
  http::GroupMemberView view{.id = member.id(),
                             .instance = member.instance(),
                             .client = member.client_id(),
                             .host = member.host()};
  for (const pb::GroupCallAnswer::Assigned& each : member.assigned()) {
    view.assigned.emplace_back(
        each.topic(), std::vector<std::uint32_t>(each.partition().begin(), each.partition().end()));
  }
  return view;
}

}  // namespace

void TopicLevers::open() {
  peers_.serve(group_service,
               [weak = weak_from_this()](const std::string&, const std::string& request,
                                         const Answer& answer) {
                 if (const auto self = weak.lock()) return self->serve(request, answer);
                 answer(closed);
               });
}

void TopicLevers::close() {
  const std::lock_guard lock(mutex_);
  broker_ = nullptr;
  service_ = nullptr;
}

// --- What is seen --------------------------------------------------------------------------------

Result<TopicLevers::Survey> TopicLevers::survey(const std::optional<std::string>& topic,
                                                const std::optional<std::string>& group) {
  return outcome_of<Survey>([&](std::function<void(Result<Survey>)> done) {
    const std::lock_guard lock(mutex_);
    if (broker_ == nullptr) return done(closed);
    broker_->survey(topic, group, [done](Survey found) { done(std::move(found)); });
  });
}

Result<http::TopicsView> TopicLevers::topics(const std::optional<std::string>& topic) {
  const auto found = survey(topic, std::nullopt);
  if (!found) return found.error();
  http::TopicsView view{.topics = {}, .unanswered = found->unanswered};
  std::map<std::string, http::TopicView> by_name;
  std::map<std::string, std::map<std::string, std::uint64_t>> lags;  // by topic and group
  for (const Survey::Place& place : found->places) {
    if (!is_wanted(topic, place.topic.name())) continue;
    http::TopicView& one = by_name[place.topic.name()];
    one.name = place.topic.name();
    one.queue = place.queue;
    one.retention_us = place.topic.options().retention_us();
    one.partitions.push_back({.partition = place.shard,
                              .owner = place.owner,
                              .start = place.topic.start(),
                              .next = place.topic.next(),
                              .bytes = place.topic.bytes()});
    for (const pb::TopicCallAnswer::Group& group : place.topic.group())
      lags[one.name][group.name()] += lag_of(place.topic, group);
  }
  for (auto& [name, one] : by_name) {
    for (const auto& [group, lag] : lags[name]) one.groups.push_back({group, lag});
    view.topics.push_back(std::move(one));
  }
  if (topic && view.topics.empty()) {
    if (found->failure) return *found->failure;
    return Error{ErrorCode::not_found, "there is no topic " + *topic};
  }
  return view;
}

Result<http::GroupsView> TopicLevers::groups(const std::optional<std::string>& group) {
  const auto found = survey(std::nullopt, group);
  if (!found) return found.error();
  std::map<std::string, http::GroupView> by_name;
  for (const Survey::Place& place : found->places) {
    for (const pb::TopicCallAnswer::Group& each : place.topic.group()) {
      if (!is_wanted(group, each.name())) continue;
      http::GroupView& one = by_name[each.name()];
      one.name = each.name();
      one.partitions.push_back(
          {.topic = place.topic.name(),
           .partition = place.shard,
           .committed = each.committed() < 0 ? std::nullopt : std::optional(each.committed()),
           .start = place.topic.start(),
           .next = place.topic.next(),
           .lag = lag_of(place.topic, each),
           .is_permanent = each.permanent()});
    }
  }
  http::GroupsView view{.groups = {}, .unanswered = found->unanswered};
  for (auto& [name, one] : by_name) {
    std::sort(one.partitions.begin(), one.partitions.end(), [](const auto& a, const auto& b) {
      return std::tie(a.topic, a.partition) < std::tie(b.topic, b.partition);
    });
    view.groups.push_back(std::move(one));
  }
  if (group && view.groups.empty()) {
    if (found->failure) return *found->failure;
    return Error{ErrorCode::not_found, "there is no group " + *group};
  }
  describe_members(view.groups);
  return view;
}

/// One question to each node that coordinates some of them.
void TopicLevers::describe_members(std::vector<http::GroupView>& groups) {
  std::map<std::string, std::vector<http::GroupView*>> by_node;
  for (http::GroupView& each : groups) {
    each.state = "Unknown";
    const auto node = coordinator_of(each.name);
    if (!node) continue;
    each.coordinator = *node;
    by_node[*node].push_back(&each);
  }
  for (const auto& [node, some] : by_node) {
    pb::GroupCall request;
    for (const http::GroupView* each : some) request.mutable_describe()->add_group(each->name);
    const auto answer = call(some.front()->name, request);
    if (!answer || static_cast<std::size_t>(answer->group_size()) != some.size()) continue;
    for (std::size_t i = 0; i < some.size(); ++i) {
      const pb::GroupCallAnswer::Group& described = answer->group(static_cast<int>(i));
      if (described.state().empty()) continue;  // it coordinates the group no more
      // Without members a coordinator does not know the group.
      some[i]->state = described.member_size() == 0 ? "Empty" : described.state();
      some[i]->protocol = described.protocol();
      for (const pb::GroupCallAnswer::Member& member : described.member())
        some[i]->members.push_back(view_of(member));
    }
  }
}

// --- What is done --------------------------------------------------------------------------------

Result<std::int64_t> TopicLevers::offset_at(const std::string& topic, std::uint32_t partition,
                                            std::int64_t time_ms, std::int64_t next) {
  const auto found =
      outcome_of<kafka::FoundOffset>([&](std::function<void(Result<kafka::FoundOffset>)> done) {
        const std::lock_guard lock(mutex_);
        if (broker_ == nullptr) return done(closed);
        broker_->find_time_anywhere({topic, static_cast<std::int32_t>(partition)}, time_ms,
                                    std::move(done));
      });
  if (!found) return found.error();
  return found->offset < 0 ? next : found->offset;
}

Result<std::vector<http::OffsetMove>> TopicLevers::moves_of(const http::OffsetReset& reset) {
  const auto found = survey(reset.topic, std::nullopt);
  if (!found) return found.error();
  if (found->failure) return *found->failure;  // it would be reset in part
  std::vector<http::OffsetMove> moves;
  for (const Survey::Place& place : found->places) {
    const pb::TopicCallAnswer::Topic& topic = place.topic;
    if (!is_wanted(reset.topic, topic.name())) continue;
    if (reset.partition && *reset.partition != place.shard) continue;
    const auto group = std::find_if(topic.group().begin(), topic.group().end(),
                                    [&](const auto& each) { return each.name() == reset.group; });
    const bool reads = group != topic.group().end();
    if (!reads && !reset.topic) continue;
    http::OffsetMove move{.topic = topic.name(), .partition = place.shard};
    if (reads && group->committed() >= 0) move.before = group->committed();
    switch (reset.to) {
      case http::OffsetReset::To::earliest:
        move.after = topic.start();
        break;
      case http::OffsetReset::To::latest:
        move.after = topic.next();
        break;
      case http::OffsetReset::To::offset:
        move.after = std::clamp(reset.value, topic.start(), topic.next());
        break;
      case http::OffsetReset::To::time: {
        const auto offset = offset_at(topic.name(), place.shard, reset.value, topic.next());
        if (!offset) return offset.error();
        move.after = *offset;
        break;
      }
    }
    moves.push_back(std::move(move));
  }
  if (moves.empty()) {
    return Error{ErrorCode::not_found, reset.topic ? "there is no such topic or partition"
                                                   : "there is no group " + reset.group};
  }
  return moves;
}

Result<std::vector<http::OffsetMove>> TopicLevers::reset(const http::OffsetReset& reset) {
  auto moves = moves_of(reset);
  if (!moves || reset.is_dry_run) return moves;
  pb::GroupCall request;
  request.mutable_reset()->set_group(reset.group);
  request.mutable_reset()->set_forced(reset.is_forced);
  for (const http::OffsetMove& each : *moves) {
    pb::GroupCall::Position& position = *request.mutable_reset()->add_position();
    position.set_topic(each.topic);
    position.set_partition(each.partition);
    position.set_offset(each.after);
  }
  const auto answer = call(reset.group, request);
  if (!answer) return answer.error();
  return moves;
}

Result<void> TopicLevers::remove_group(const std::string& group, bool is_forced) {
  pb::GroupCall request;
  request.mutable_remove()->set_group(group);
  request.mutable_remove()->set_forced(is_forced);
  const auto answer = call(group, request);
  if (!answer) return answer.error();
  return {};
}

Result<std::string> TopicLevers::coordinator_of(const std::string& group) {
  const std::lock_guard lock(mutex_);
  if (broker_ == nullptr) return closed;
  std::string node = broker_->coordinating_node(group);
  if (node.empty()) {
    return Error{ErrorCode::unreachable, "nobody knows now which node coordinates group " + group};
  }
  return node;
}

Result<pb::GroupCallAnswer> TopicLevers::call(const std::string& group,
                                              const pb::GroupCall& request) {
  const auto node = coordinator_of(group);
  if (!node) return node.error();
  const auto bytes = outcome_of<std::string>([&](std::function<void(Result<std::string>)> done) {
    peers_.call(*node, group_service, request.SerializeAsString(), call_timeout, std::move(done));
  });
  if (!bytes) return Error{bytes.error().code, "node " + *node + ": " + bytes.error().message};
  pb::GroupCallAnswer answer;
  if (!answer.ParseFromString(*bytes)) {
    return Error{ErrorCode::protocol, "node " + *node + ": an answer about groups does not parse"};
  }
  return answer;
}

// --- For other nodes -----------------------------------------------------------------------------

void TopicLevers::serve(const std::string& request, const Answer& answer) {
  pb::GroupCall asked;
  if (!asked.ParseFromString(request)) {
    return answer(Error{ErrorCode::protocol, "a call about groups does not parse"});
  }
  switch (asked.what_case()) {
    case pb::GroupCall::kDescribe:
      return serve_describe(asked.describe(), answer);
    case pb::GroupCall::kReset:
      return serve_reset(asked.reset(), answer);
    case pb::GroupCall::kRemove:
      return serve_remove(asked.remove(), answer);
    case pb::GroupCall::WHAT_NOT_SET:
      break;
  }
  answer(Error{ErrorCode::unsupported_version, "this version does not know the call about groups"});
}

void TopicLevers::serve_describe(const pb::GroupCall::Names& names, const Answer& answer) {
  const std::lock_guard lock(mutex_);
  if (service_ == nullptr) return answer(closed);
  service_->describe_groups({names.group().begin(), names.group().end()},
                            [answer](const std::vector<kafka::DescribedGroup>& groups) {
                              pb::GroupCallAnswer described;
                              for (const kafka::DescribedGroup& each : groups) {
                                pb::GroupCallAnswer::Group& group = *described.add_group();
                                if (each.code != kafka::Code::none) continue;
                                group.set_state(each.state);
                                group.set_protocol(each.protocol);
                                for (const auto& member : each.members) add_member(group, member);
                              }
                              answer(described.SerializeAsString());
                            });
}

void TopicLevers::hold(
    const std::string& group, bool is_forced, const Answer& answer,
    std::function<void(kafka::QueueBroker&, std::function<void(Result<void>)>)> act) {
  const std::lock_guard lock(mutex_);
  if (service_ == nullptr) return answer(closed);
  service_->hold_group(group, is_forced,
                       [weak = weak_from_this(), answer,
                        act = std::move(act)](const Result<kafka::GroupHold>& held) {
                         if (!held) return answer(held.error());
                         const auto self = weak.lock();
                         if (!self) return answer(closed);
                         const std::lock_guard again(self->mutex_);
                         if (self->broker_ == nullptr) return answer(closed);
                         act(*self->broker_,
                             [answer, held_back = *held](const Result<void>& outcome) mutable {
                               held_back.reset();
                               if (!outcome) return answer(outcome.error());
                               answer(pb::GroupCallAnswer().SerializeAsString());
                             });
                       });
}

void TopicLevers::serve_reset(const pb::GroupCall::Reset& reset, const Answer& answer) {
  std::vector<kafka::GroupOffset> offsets;
  for (const pb::GroupCall::Position& each : reset.position()) {
    offsets.push_back({.partition = {each.topic(), static_cast<std::int32_t>(each.partition())},
                       .offset = each.offset()});
  }
  hold(reset.group(), reset.forced(), answer,
       [group = reset.group(), offsets = std::move(offsets)](
           kafka::QueueBroker& broker, std::function<void(Result<void>)> done) {
         broker.commit(group, offsets,
                       [done = std::move(done)](const Result<std::vector<Result<void>>>& commits) {
                         if (!commits) return done(commits.error());
                         for (const Result<void>& each : *commits) {
                           if (!each) return done(each.error());
                         }
                         done({});
                       });
       });
}

void TopicLevers::serve_remove(const pb::GroupCall::Remove& remove, const Answer& answer) {
  hold(
      remove.group(), remove.forced(), answer,
      [group = remove.group()](kafka::QueueBroker& broker, std::function<void(Result<void>)> done) {
        broker.unsubscribe(group, std::nullopt,
                           [done = std::move(done)](const Result<std::vector<Result<void>>>& all) {
                             done(all ? all->front() : Result<void>(all.error()));
                           });
      });
}

}  // namespace millrace::cluster
