#include "cluster/kafka/service/group_handler.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "actors/base/names.hpp"
#include "cluster/kafka/protocol/subscription.hpp"
#include "cluster/kafka/service/gather.hpp"
#include "cluster/kafka/service/names.hpp"

namespace millrace::kafka {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds tick_interval{100};
/// Of a client's name for itself, what goes into the ids of its members.
constexpr std::size_t client_id_bytes_max = 200;

std::optional<std::string> to_text(const std::optional<std::string_view>& view) {
  if (!view) return std::nullopt;
  return std::string(*view);
}

/// Between two subscriptions of a group whose members read on; the node logs one an hour.
constexpr SteadyUs refresh_interval_us = 2ll * 3'600'000'000;
constexpr std::size_t interests_max = 10'000;

/// What a member is told when the node cannot do its part now.
Code group_code_of(ErrorCode error) {
  switch (error) {
    case ErrorCode::rejected:
    case ErrorCode::unauthenticated:
      return Code::group_authorization_failed;
    case ErrorCode::timeout:
      return Code::request_timed_out;
    case ErrorCode::not_found:
      return Code::unknown_topic_or_partition;
    case ErrorCode::invalid_argument:
    case ErrorCode::expired:
      return Code::offset_out_of_range;
    default:
      return Code::coordinator_not_available;
  }
}

/// Topics of all protocols of a consumer. Fails with `protocol`.
Result<std::vector<std::string>> topics_of(const JoinGroupRequest& request) {
  std::set<std::string> topics;
  if (request.protocol_type != consumer_protocol_type) return std::vector<std::string>{};
  for (const JoinGroupRequest::Protocol& protocol : request.protocols) {
    auto subscribed = subscribed_topics(protocol.metadata);
    if (!subscribed) return subscribed.error();
    for (const std::string_view topic : *subscribed) {
      if (is_topic_name(topic)) topics.emplace(topic);
    }
  }
  return std::vector<std::string>(topics.begin(), topics.end());
}

JoinCommand command_of(const JoinGroupRequest& request, Exchange& exchange) {
  const RequestHeader& header = exchange.header();
  JoinCommand command{
      .group = std::string(request.group),
      .member = std::string(request.member),
      .instance = to_text(request.instance),
      .client_id = std::string(header.client_id),
      .client_host = exchange.session().host,
      .session_us = to_us(milliseconds(request.session_timeout_ms)),
      .rebalance_us = to_us(milliseconds(request.rebalance_timeout_ms)),
      .protocol_type = std::string(request.protocol_type),
      .takes_id_first = header.version >= join_group_version_with_ids,
  };
  for (const JoinGroupRequest::Protocol& protocol : request.protocols) {
    command.protocols.push_back({std::string(protocol.name), std::string(protocol.metadata)});
  }
  command.new_id =
      std::string(header.client_id.substr(0, client_id_bytes_max)) + '-' + random_name();
  return command;
}

void answer_join(Exchange& exchange, const JoinGroupAnswer& answer) {
  Writer writer = exchange.begin();
  write_join_group(writer, exchange.header().version, answer);
  exchange.answer(writer);
}

void answer_sync(Exchange& exchange, const SyncGroupAnswer& answer) {
  Writer writer = exchange.begin();
  write_sync_group(writer, exchange.header().version, answer);
  exchange.answer(writer);
}

}  // namespace

// --- Which node ----------------------------------------------------------------------------------

/// Whether this node may answer for the group. One that it does not coordinate any more is forgotten.
Code GroupHandler::check_group(std::string_view group) {
  if (!is_group_name(group)) return Code::invalid_group_id;
  if (is_winding_down_) return Code::not_coordinator;
  const std::string name(group);
  const auto coordinator = context_.api.coordinator(name);
  if (coordinator && coordinator->id == context_.api.cluster().self) {
    return held_.contains(group) ? Code::coordinator_load_in_progress : Code::none;
  }
  GroupAnswers answers;
  core_.release(name, answers);
  deliver(answers);
  return coordinator ? Code::not_coordinator : Code::coordinator_not_available;
}

void GroupHandler::find_coordinator(const ExchangePtr& exchange,
                                    const FindCoordinatorRequest& request) {
  FindCoordinatorAnswer answer;
  if (!request.is_of_group) {
    answer.code = Code::transactional_id_authorization_failed;
    answer.message = "transactions are not supported";
  } else if (!is_group_name(request.key)) {
    answer.code = Code::invalid_group_id;
    answer.message = "expected 1 to 255 bytes of UTF-8 without control characters";
  } else if (const auto found = context_.api.coordinator(std::string(request.key))) {
    answer.id = found->id;
    answer.host = found->host;
    answer.port = found->port;
  } else {
    answer.code = Code::coordinator_not_available;
  }
  Writer writer = exchange->begin();
  write_find_coordinator(writer, exchange->header().version, answer);
  exchange->answer(writer);
}

// --- Members -------------------------------------------------------------------------------------

void GroupHandler::join(const ExchangePtr& exchange, const JoinGroupRequest& request) {
  const auto refuse = [&](Code code) {
    answer_join(*exchange, {.code = code, .member = std::string(request.member)});
  };
  if (const Code code = check_group(request.group); code != Code::none) return refuse(code);
  auto topics = topics_of(request);
  if (!topics) {
    spdlog::info("Kafka: group {}: {}", request.group, topics.error().message);
    return refuse(Code::inconsistent_group_protocol);
  }
  JoinCommand command = command_of(request, *exchange);
  // The first answer only gives an id.
  const bool is_id_first = command.takes_id_first && command.member.empty() && !command.instance;
  if (is_id_first || topics->empty()) return enter(exchange, std::move(command));
  // Nothing is lost between the join and the first commit: the records are kept before the member knows that
  // it has joined.
  const std::string group = command.group;
  note_topics(group, *topics);
  const auto gather = std::make_shared<Gather<void>>(
      context_.loop.mailbox(), 1,
      [this, exchange, command = std::move(command)](auto& outcomes) mutable {
        if (exchange->is_gone()) return;
        if (const Result<void>& outcome = *outcomes[0]; !outcome) {
          spdlog::info("Kafka: group {}: {}", command.group, outcome.error().message);
          return answer_join(
              *exchange, {.code = group_code_of(outcome.error().code), .member = command.member});
        }
        const Code code = check_group(command.group);
        if (code != Code::none) {
          return answer_join(*exchange, {.code = code, .member = command.member});
        }
        enter(exchange, std::move(command));
      });
  context_.api.subscribe(group, std::move(*topics), gather->slot(0));
}

void GroupHandler::note_topics(const std::string& group, const std::vector<std::string>& topics) {
  if (interests_.size() >= interests_max) {
    std::erase_if(interests_, [this](const auto& one) {
      return now_us() - one.second.refreshed_us > 2 * refresh_interval_us;
    });
  }
  Interest& interest = interests_[group];
  interest.topics.insert(topics.begin(), topics.end());
  interest.refreshed_us = now_us();
}

void GroupHandler::refresh(std::string_view group) {
  const auto found = interests_.find(group);
  if (found == interests_.end()) return;
  Interest& interest = found->second;
  if (now_us() - interest.refreshed_us < refresh_interval_us) return;
  interest.refreshed_us = now_us();
  context_.api.subscribe(std::string(group), {interest.topics.begin(), interest.topics.end()},
                         [](const Result<void>&) {});
}

void GroupHandler::enter(const ExchangePtr& exchange, JoinCommand command) {
  ensure_ticking();
  GroupAnswers answers;
  core_.join(std::move(command), keep(exchange), now_us(), answers);
  deliver(answers);
}

void GroupHandler::sync(const ExchangePtr& exchange, const SyncGroupRequest& request) {
  if (const Code code = check_group(request.group); code != Code::none) {
    return answer_sync(*exchange, {.code = code});
  }
  SyncCommand command{.group = std::string(request.group),
                      .member = std::string(request.member),
                      .instance = to_text(request.instance),
                      .generation = request.generation};
  for (const SyncGroupRequest::Assignment& each : request.assignments) {
    command.assignments.emplace(each.member, each.assignment);
  }
  GroupAnswers answers;
  core_.sync(std::move(command), keep(exchange), now_us(), answers);
  deliver(answers);
}

void GroupHandler::heartbeat(const ExchangePtr& exchange, const HeartbeatRequest& request) {
  Code code = check_group(request.group);
  if (code == Code::none) {
    code = core_.heartbeat({request.group, request.member, request.instance, request.generation},
                           now_us());
  }
  if (code == Code::none) refresh(request.group);
  Writer writer = exchange->begin();
  write_heartbeat(writer, exchange->header().version, code);
  exchange->answer(writer);
}

void GroupHandler::leave(const ExchangePtr& exchange, const LeaveGroupRequest& request) {
  Code code = check_group(request.group);
  GroupAnswers answers;
  if (code == Code::none) code = core_.leave(request.group, request.member, now_us(), answers);
  Writer writer = exchange->begin();
  write_leave_group(writer, exchange->header().version, code);
  exchange->answer(writer);
  deliver(answers);
}

// --- Offsets -------------------------------------------------------------------------------------

void GroupHandler::commit(const ExchangePtr& exchange, const OffsetCommitRequest& request) {
  Code refusal = check_group(request.group);
  if (refusal == Code::none) {
    refusal = core_.check_commit(
        {request.group, request.member, request.instance, request.generation}, now_us());
  }
  auto answer = std::make_shared<OffsetCommitAnswer>();
  std::vector<GroupOffset> offsets;
  std::vector<std::pair<std::size_t, std::size_t>> places;  // of the offsets, in the answer
  for (const OffsetCommitRequest::Topic& topic : request.topics) {
    auto& named = answer->topics.emplace_back();
    named.name = topic.name;
    for (const OffsetCommitRequest::Partition& partition : topic.partitions) {
      Code code = refusal;
      if (code == Code::none && !is_topic_name(topic.name)) code = Code::invalid_topic;
      if (code == Code::none && partition.offset < 0) code = Code::offset_out_of_range;
      if (code == Code::none && partition.metadata.size() > commit_metadata_bytes_max) {
        code = Code::offset_metadata_too_large;
      }
      if (code == Code::none) {
        places.emplace_back(answer->topics.size() - 1, named.partitions.size());
        offsets.push_back(
            {{named.name, partition.index}, partition.offset, std::string(partition.metadata)});
      }
      named.partitions.push_back({.index = partition.index, .code = code});
    }
  }
  const auto write = [exchange, answer] {
    Writer writer = exchange->begin();
    write_offset_commit(writer, exchange->header().version, *answer);
    exchange->answer(writer);
  };
  if (offsets.empty()) return write();
  using Commits = std::vector<Result<void>>;
  const auto gather = std::make_shared<Gather<Commits>>(
      context_.loop.mailbox(), 1, [answer, places = std::move(places), write](auto& outcomes) {
        const Result<Commits>& commits = *outcomes[0];
        for (std::size_t i = 0; i < places.size(); ++i) {
          const auto& [topic, partition] = places[i];
          const Result<void> outcome = commits ? (*commits).at(i) : Result<void>(commits.error());
          if (outcome) continue;
          answer->topics[topic].partitions[partition].code = group_code_of(outcome.error().code);
        }
        write();
      });
  context_.api.commit(std::string(request.group), std::move(offsets), gather->slot(0));
}

void GroupHandler::fetch_offsets(const ExchangePtr& exchange, const OffsetFetchRequest& request) {
  auto answer = std::make_shared<OffsetFetchAnswer>();
  std::optional<std::vector<TopicPartition>> partitions;
  if (request.topics) {
    partitions.emplace();
    std::set<TopicPartition>
        seen;  // what is named twice is answered once: the answer stays bounded
    for (const OffsetFetchRequest::Topic& topic : *request.topics) {
      auto& named = answer->topics.emplace_back();
      named.name = topic.name;
      for (const std::int32_t index : topic.partitions) {
        if (!seen.insert({named.name, index}).second) continue;
        named.partitions.push_back({.index = index});
        partitions->push_back({named.name, index});
      }
    }
  }
  const auto write = [exchange, answer] {
    Writer writer = exchange->begin();
    write_offset_fetch(writer, exchange->header().version, *answer);
    exchange->answer(writer);
  };
  const auto refuse = [answer, write](Code code) {
    answer->code = code;
    for (auto& topic : answer->topics) {
      for (auto& partition : topic.partitions) partition.code = code;
    }
    write();
  };
  if (const Code code = check_group(request.group); code != Code::none) return refuse(code);
  const auto gather = std::make_shared<Gather<std::vector<GroupOffset>>>(
      context_.loop.mailbox(), 1,
      [answer, write, refuse, is_for_all = !partitions](auto& outcomes) {
        const Result<std::vector<GroupOffset>>& offsets = *outcomes[0];
        // Clients ask again after this one, instead of beginning where there is no committed offset.
        if (!offsets) return refuse(Code::coordinator_load_in_progress);
        if (is_for_all) {
          for (const GroupOffset& each : *offsets) {
            if (answer->topics.empty() || answer->topics.back().name != each.partition.topic) {
              answer->topics.emplace_back().name = each.partition.topic;
            }
            answer->topics.back().partitions.push_back({.index = each.partition.partition,
                                                        .offset = each.offset,
                                                        .metadata = each.metadata});
          }
          return write();
        }
        std::size_t next = 0;
        for (auto& topic : answer->topics) {
          for (auto& partition : topic.partitions) {
            const GroupOffset& each = (*offsets).at(next++);
            partition.offset = each.offset;
            partition.metadata = each.metadata;
          }
        }
        write();
      });
  context_.api.committed(std::string(request.group), std::move(partitions), gather->slot(0));
}

// --- For people ----------------------------------------------------------------------------------

void GroupHandler::describe(const ExchangePtr& exchange, const DescribeGroupsRequest& request) {
  std::vector<DescribedGroup> groups;
  const std::vector<std::string> kept = context_.api.groups();
  // A group that is named twice is described once: the answer stays bounded.
  for (const std::string_view name :
       std::set<std::string_view>(request.groups.begin(), request.groups.end())) {
    const Code code = check_group(name);
    if (code != Code::none) {
      groups.push_back({.code = code, .name = std::string(name)});
      continue;
    }
    DescribedGroup group = core_.describe(name);
    if (group.members.empty() && std::find(kept.begin(), kept.end(), name) != kept.end()) {
      group.state = name_of(GroupState::Phase::empty);
      group.protocol_type = consumer_protocol_type;
    }
    groups.push_back(std::move(group));
  }
  Writer writer = exchange->begin();
  write_describe_groups(writer, exchange->header().version, groups);
  exchange->answer(writer);
}

void GroupHandler::list(const ExchangePtr& exchange) {
  std::vector<ListedGroup> groups = core_.list();
  std::set<std::string> names;
  for (const ListedGroup& group : groups) names.insert(group.name);
  for (const std::string& kept : context_.api.groups()) {
    if (!names.contains(kept)) groups.push_back({kept, std::string(consumer_protocol_type)});
  }
  Writer writer = exchange->begin();
  write_list_groups(writer, exchange->header().version, Code::none, groups);
  exchange->answer(writer);
}

// --- What is forgotten ---------------------------------------------------------------------------

bool GroupHandler::has_members(std::string_view group) const {
  return !core_.describe(group).members.empty();
}

void GroupHandler::remove(const ExchangePtr& exchange, const DeleteGroupsRequest& request) {
  auto answer = std::make_shared<std::vector<DeleteGroupsAnswer>>();
  std::vector<std::size_t> places;  // of those that may go, in the answer
  for (const std::string_view name :
       std::set<std::string_view>(request.groups.begin(), request.groups.end())) {
    Code code = check_group(name);
    if (code == Code::none && has_members(name)) code = Code::non_empty_group;
    if (code == Code::none) {
      held_.emplace(name);
      places.push_back(answer->size());
    }
    answer->push_back({.group = std::string(name), .code = code});
  }
  using Outcomes = std::vector<Result<void>>;
  const auto gather = std::make_shared<Gather<Outcomes>>(
      context_.loop.mailbox(), places.size(), [this, exchange, answer, places](auto& outcomes) {
        for (std::size_t i = 0; i < places.size(); ++i) {
          DeleteGroupsAnswer& each = (*answer)[places[i]];
          release(each.group);
          interests_.erase(each.group);
          const Result<Outcomes>& all = *outcomes[i];
          const Result<void> outcome = all ? all->front() : Result<void>(all.error());
          if (outcome) continue;
          const bool is_missing = outcome.error().code == ErrorCode::not_found;
          each.code = is_missing ? Code::group_id_not_found : group_code_of(outcome.error().code);
        }
        Writer writer = exchange->begin();
        write_delete_groups(writer, exchange->header().version, *answer);
        exchange->answer(writer);
      });
  for (std::size_t i = 0; i < places.size(); ++i) {
    context_.api.unsubscribe((*answer)[places[i]].group, std::nullopt, gather->slot(i));
  }
  gather->finish_if_empty();
}

void GroupHandler::forget_offsets(const ExchangePtr& exchange, const OffsetDeleteRequest& request) {
  auto answer = std::make_shared<OffsetDeleteAnswer>();
  const auto write = [exchange, answer] {
    Writer writer = exchange->begin();
    write_offset_delete(writer, exchange->header().version, *answer);
    exchange->answer(writer);
  };
  answer->code = check_group(request.group);
  if (answer->code != Code::none) return write();
  // Members may read any of the topics: which ones, only their assignor knows.
  const Code refusal = has_members(request.group) ? Code::group_subscribed_to_topic : Code::none;
  std::vector<TopicPartition> partitions;
  std::vector<std::pair<std::size_t, std::size_t>> places;  // of the partitions, in the answer
  for (const OffsetDeleteRequest::Topic& topic : request.topics) {
    auto& named = answer->topics.emplace_back();
    named.name = topic.name;
    for (const std::int32_t index : topic.partitions) {
      Code code = refusal;
      if (code == Code::none && !is_topic_name(topic.name)) code = Code::invalid_topic;
      if (code == Code::none) {
        places.emplace_back(answer->topics.size() - 1, named.partitions.size());
        partitions.push_back({named.name, index});
      }
      named.partitions.push_back({.index = index, .code = code});
    }
  }
  if (partitions.empty()) return write();
  const std::string group(request.group);
  held_.insert(group);
  using Outcomes = std::vector<Result<void>>;
  const auto gather = std::make_shared<Gather<Outcomes>>(
      context_.loop.mailbox(), 1,
      [this, group, answer, places = std::move(places), write](auto& outcomes) {
        release(group);
        const Result<Outcomes>& all = *outcomes[0];
        for (std::size_t i = 0; i < places.size(); ++i) {
          const auto& [topic, partition] = places[i];
          const Result<void> outcome = all ? (*all).at(i) : Result<void>(all.error());
          // What is not there is forgotten.
          if (outcome || outcome.error().code == ErrorCode::not_found) continue;
          answer->topics[topic].partitions[partition].code = group_code_of(outcome.error().code);
        }
        write();
      });
  context_.api.unsubscribe(group, std::move(partitions), gather->slot(0));
}

std::vector<DescribedGroup> GroupHandler::described(const std::vector<std::string>& names) {
  std::vector<DescribedGroup> groups;
  for (const std::string& name : names) {
    const Code code = check_group(name);
    groups.push_back(code == Code::none ? core_.describe(name)
                                        : DescribedGroup{.code = code, .name = name});
  }
  return groups;
}

Result<void> GroupHandler::hold(const std::string& group, bool is_forced) {
  switch (check_group(group)) {
    case Code::none:
      break;
    case Code::invalid_group_id:
      return Error{ErrorCode::invalid_argument,
                   "group: expected 1 to 255 bytes of UTF-8 without control characters"};
    case Code::not_coordinator:
      return Error{ErrorCode::not_owner, "another node coordinates group " + group + " now"};
    case Code::coordinator_load_in_progress:
      return Error{ErrorCode::backlog_full,
                   "group " + group + " is being changed by somebody else: try again"};
    default:
      return Error{ErrorCode::unreachable, "nobody knows now which node coordinates " + group};
  }
  const std::size_t members = core_.describe(group).members.size();
  if (members > 0 && !is_forced) {
    return Error{ErrorCode::rejected,
                 "group " + group + " has " + std::to_string(members) +
                     " members: stop them, or force it, and they must join again"};
  }
  held_.insert(group);
  GroupAnswers answers;
  core_.release(group, answers);
  deliver(answers);
  interests_.erase(group);
  return {};
}

// --- The coordinator's requests and time ---------------------------------------------------------

SteadyUs GroupHandler::now_us() const {
  return to_us(context_.loop.now().time_since_epoch());
}

/// Keeps the exchange until the core answers it.
Ticket GroupHandler::keep(const ExchangePtr& exchange) {
  const Ticket ticket = ++last_ticket_;
  waiting_[ticket] = exchange;
  exchange->on_gone([this, ticket] {
    waiting_.erase(ticket);
    GroupAnswers answers;
    core_.abandon(ticket, now_us(), answers);
    deliver(answers);
  });
  return ticket;
}

void GroupHandler::deliver(const GroupAnswers& answers) {
  for (const GroupAnswer& each : answers) {
    const auto node = waiting_.extract(each.ticket);
    if (node.empty()) continue;
    Exchange& exchange = *node.mapped();
    if (const auto* joined = std::get_if<JoinGroupAnswer>(&each.content)) {
      answer_join(exchange, *joined);
    } else {
      answer_sync(exchange, std::get<SyncGroupAnswer>(each.content));
    }
  }
}

void GroupHandler::ensure_ticking() {
  if (!is_ticking_) tick();
}

void GroupHandler::tick() {
  GroupAnswers answers;
  core_.tick(now_us(), answers);
  is_ticking_ = !is_winding_down_;
  if (is_ticking_) context_.loop.at(context_.loop.now() + tick_interval, [this] { on_tick(); });
  deliver(answers);
}

/// Without groups there is no need for time.
void GroupHandler::on_tick() {
  is_ticking_ = false;
  if (core_.size() > 0) tick();
}

void GroupHandler::wind_down() {
  is_winding_down_ = true;
  GroupAnswers answers;
  core_.release_all(answers);
  deliver(answers);
}

}  // namespace millrace::kafka
