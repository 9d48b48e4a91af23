#include "cluster/kafka/broker/topic_calls.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "cluster/kafka/broker/collect.hpp"
#include "cluster/kafka/broker/time_search.hpp"

namespace millrace::kafka {
namespace {

constexpr const char* service = "topics";
constexpr std::chrono::seconds call_timeout{10};

using Answered = std::function<void(Result<pb::TopicCallAnswer>)>;

queues::TopicReply<void> empty_answer(const Answered& done) {
  return queues::TopicReply<void>([done](const Result<void>& outcome) {
    if (!outcome) return done(outcome.error());
    done(pb::TopicCallAnswer());
  });
}

pb::TopicCallAnswer to_answer(const std::vector<queues::TopicInfo>& infos) {
  pb::TopicCallAnswer answer;
  for (const queues::TopicInfo& info : infos) {
    pb::TopicCallAnswer::Topic& topic = *answer.add_topic();
    topic.set_name(info.name);
    *topic.mutable_options() = info.options;
    topic.set_start(info.start);
    topic.set_next(info.next);
    topic.set_bytes(info.bytes);
    for (const queues::TopicInfo::Group& one : info.groups) {
      pb::TopicCallAnswer::Group& group = *topic.add_group();
      group.set_name(one.name);
      group.set_committed(one.state.committed);
      group.set_metadata(one.state.metadata);
      group.set_permanent(one.state.is_permanent);
    }
  }
  return answer;
}

/// The command that a call stands for; nullopt: none that this version knows.
std::optional<queues::TopicCommand> command_of(const pb::TopicCall& call, const Answered& done) {
  switch (call.what_case()) {
    case pb::TopicCall::kMake:
      return queues::MakeTopicCommand{call.make().topic(), call.make().options(),
                                      call.make().updates(), empty_answer(done)};
    case pb::TopicCall::kRemove:
      return queues::RemoveTopicCommand{call.remove().topic(), empty_answer(done)};
    case pb::TopicCall::kJoin:
      return queues::JoinGroupCommand{call.join().topic(), call.join().group(),
                                      call.join().permanent(), empty_answer(done)};
    case pb::TopicCall::kLeave:
      return queues::LeaveGroupCommand{call.leave().topic(), call.leave().group(),
                                       empty_answer(done)};
    case pb::TopicCall::kCommit:
      return queues::CommitOffsetCommand{call.commit().topic(), call.commit().group(),
                                         call.commit().offset(), call.commit().metadata(),
                                         empty_answer(done)};
    case pb::TopicCall::kDescribe: {
      const pb::TopicCall::Describe& asked = call.describe();
      queues::DescribeTopicsCommand describe;
      if (asked.has_topic()) describe.topic = asked.topic();
      if (asked.has_group()) describe.group = asked.group();
      describe.names_only = asked.names_only();
      describe.reply = queues::TopicReply<std::vector<queues::TopicInfo>>(
          [done](const Result<std::vector<queues::TopicInfo>>& infos) {
            if (!infos) return done(infos.error());
            done(to_answer(*infos));
          });
      return describe;
    }
    case pb::TopicCall::kFindTime:  // two commands: see call_here()
    case pb::TopicCall::WHAT_NOT_SET:
      break;
  }
  return std::nullopt;
}

void call_here(const TopicQueues& queues, const pb::TopicCall& call, const Answered& done) {
  if (call.has_find_time()) {
    return search_time(queues, call.queue(), call.shard(), call.find_time().topic(),
                       call.find_time().timestamp_ms(), [done](const Result<FoundOffset>& found) {
                         if (!found) return done(found.error());
                         pb::TopicCallAnswer answer;
                         answer.mutable_found()->set_offset(found->offset);
                         answer.mutable_found()->set_timestamp_ms(found->timestamp_ms);
                         done(std::move(answer));
                       });
  }
  auto command = command_of(call, done);
  if (!command) {
    return done(
        Error{ErrorCode::unsupported_version, "this version does not know the call about topics"});
  }
  queues.tell(call.queue(), call.shard(), std::move(*command));
}

/// Answers the calls of another node.
void serve(const TopicQueues& queues, const std::string& request, calls::PeerCalls::Answer answer) {
  pb::TopicCalls asked;
  if (!asked.ParseFromString(request)) {
    return answer(Error{ErrorCode::protocol, "a call about topics does not parse"});
  }
  const auto size = static_cast<std::size_t>(asked.call_size());
  const auto all =
      Collect<pb::TopicCallAnswer>::make(size, [answer = std::move(answer)](auto& outcomes) {
        pb::TopicCallAnswers answers;
        for (auto& outcome : outcomes) {
          pb::TopicCallAnswer& one = *answers.add_answer();
          if (*outcome) {
            one = std::move(**outcome);
          } else {
            one.set_code(static_cast<std::uint32_t>(outcome->error().code));
            one.set_text(outcome->error().message);
          }
        }
        answer(answers.SerializeAsString());
      });
  for (std::size_t i = 0; i < size; ++i)
    call_here(queues, asked.call(static_cast<int>(i)), all->slot(i));
}

/// What another node has answered to `count` calls.
std::vector<Result<pb::TopicCallAnswer>> parse(const Result<std::string>& answer,
                                               std::size_t count) {
  const auto all = [count](const Error& error) {
    return std::vector<Result<pb::TopicCallAnswer>>(count, Result<pb::TopicCallAnswer>(error));
  };
  if (!answer) {
    const bool is_without = answer.error().code == ErrorCode::not_found;
    return all({is_without ? ErrorCode::unreachable : answer.error().code, answer.error().message});
  }
  pb::TopicCallAnswers parsed;
  if (!parsed.ParseFromString(*answer) || static_cast<std::size_t>(parsed.answer_size()) != count) {
    return all({ErrorCode::protocol, "an answer about topics does not parse"});
  }
  std::vector<Result<pb::TopicCallAnswer>> results;
  for (pb::TopicCallAnswer& one : *parsed.mutable_answer()) {
    if (one.code() == 0) {
      results.emplace_back(std::move(one));
    } else {
      results.emplace_back(Error{static_cast<ErrorCode>(one.code()), one.text()});
    }
  }
  return results;
}

}  // namespace

TopicCalls::TopicCalls(std::string self, TopicQueues queues, calls::PeerCalls& peers, OwnerOf owner)
    : self_(std::move(self)), queues_(queues), peers_(peers), owner_(std::move(owner)) {
  peers_.serve(service, [queues](const std::string&, const std::string& request,
                                 calls::PeerCalls::Answer answer) {
    serve(queues, request, std::move(answer));
  });
}

void TopicCalls::call(const std::vector<pb::TopicCall>& calls, std::function<void(Results)> done) {
  const auto all =
      Collect<pb::TopicCallAnswer>::make(calls.size(), [done = std::move(done)](auto& outcomes) {
        Results results;
        results.reserve(outcomes.size());
        for (auto& outcome : outcomes) results.push_back(std::move(*outcome));
        done(std::move(results));
      });
  std::map<std::string, std::vector<std::size_t>> by_owner;
  for (std::size_t i = 0; i < calls.size(); ++i)
    by_owner[owner_(calls[i].queue(), calls[i].shard())].push_back(i);
  for (const auto& [owner, places] : by_owner) {
    if (owner.empty()) {
      for (const std::size_t i : places) {
        all->slot(i)(Error{ErrorCode::unreachable, "nobody knows who serves shard " +
                                                       std::to_string(calls[i].shard()) + " of " +
                                                       calls[i].queue()});
      }
      continue;
    }
    if (owner == self_) {
      for (const std::size_t i : places) call_here(queues_, calls[i], all->slot(i));
      continue;
    }
    pb::TopicCalls request;
    for (const std::size_t i : places) *request.add_call() = calls[i];
    peers_.call(owner, service, request.SerializeAsString(), call_timeout,
                [all, places](const Result<std::string>& answer) {
                  auto results = parse(answer, places.size());
                  for (std::size_t j = 0; j < places.size(); ++j)
                    all->slot(places[j])(std::move(results[j]));
                });
  }
}

}  // namespace millrace::kafka
