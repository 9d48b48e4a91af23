#include "cluster/kafka/service/topics_handler.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cluster/kafka/service/gather.hpp"
#include "cluster/kafka/service/names.hpp"

namespace millrace::kafka {
namespace {

constexpr const char* topic_name_rule =
    "expected 1 to 249 letters, digits, '.', '_' or '-', and neither \".\" nor \"..\"";
/// Of a text of the node, what goes into an answer.
constexpr std::size_t message_bytes_max = 1'000;

MetadataAnswer::Topic answer_of(const TopicDescription& topic, const ClusterDescription& cluster) {
  MetadataAnswer::Topic answer{.name = topic.name};
  answer.partitions.reserve(topic.leaders.size());
  for (std::size_t i = 0; i < topic.leaders.size(); ++i) {
    const std::int32_t leader = topic.leaders[i];
    const bool is_reachable =
        std::any_of(cluster.brokers.begin(), cluster.brokers.end(),
                    [&](const Broker& broker) { return broker.id == leader; });
    answer.partitions.push_back({.code = is_reachable ? Code::none : Code::leader_not_available,
                                 .index = static_cast<std::int32_t>(i),
                                 .leader = is_reachable ? leader : -1});
  }
  return answer;
}

Code topic_code_of(ErrorCode error) {
  switch (error) {
    case ErrorCode::key_reused:
      return Code::topic_already_exists;
    case ErrorCode::invalid_argument:
      return Code::invalid_request;
    case ErrorCode::rejected:
      return Code::policy_violation;
    default:
      return code_of(error);
  }
}

/// What speaks against a topic before the node is asked.
std::optional<CreateTopicsAnswer> refusal_of(const CreateTopicsRequest::Topic& topic) {
  const auto refuse = [&](Code code, std::string message) {
    return CreateTopicsAnswer{std::string(topic.name), code, std::move(message)};
  };
  if (!is_topic_name(topic.name)) return refuse(Code::invalid_topic, topic_name_rule);
  if (topic.has_assignments) {
    return refuse(Code::invalid_request, "the node decides which broker leads a partition");
  }
  if (topic.partitions < -1 || topic.partitions == 0) {
    return refuse(Code::invalid_partitions,
                  "expected 1 or more partitions, or -1, got " + std::to_string(topic.partitions));
  }
  if (topic.replicas != -1 && topic.replicas != 1) {
    return refuse(Code::invalid_replication_factor,
                  "expected 1 or -1, as the engine of the log decides about replicas, got " +
                      std::to_string(topic.replicas));
  }
  return std::nullopt;
}

NewTopic new_topic_of(const CreateTopicsRequest::Topic& topic, bool is_check_only) {
  NewTopic made{.name = std::string(topic.name), .is_check_only = is_check_only};
  if (topic.partitions > 0) made.partitions = topic.partitions;
  for (const CreateTopicsRequest::Config& config : topic.configs) {
    made.configs.emplace_back(config.name, config.value.value_or(""));
  }
  return made;
}

void write_topics(Exchange& exchange, const ClusterDescription& cluster,
                  std::vector<MetadataAnswer::Topic> topics) {
  MetadataAnswer answer{.cluster = cluster.name,
                        // Each node takes requests that concern the whole cluster.
                        .controller = cluster.self,
                        .topics = std::move(topics)};
  for (const Broker& broker : cluster.brokers) {
    answer.brokers.push_back({.id = broker.id, .host = broker.host, .port = broker.port});
  }
  Writer writer = exchange.begin();
  write_metadata(writer, exchange.header().version, answer);
  exchange.answer(writer);
}

}  // namespace

void TopicsHandler::metadata(const ExchangePtr& exchange, const MetadataRequest& request) {
  const ClusterDescription cluster = context_.api.cluster();
  std::vector<MetadataAnswer::Topic> answers;
  if (!request.topics) {
    for (const TopicDescription& topic : context_.api.topics()) {
      answers.push_back(answer_of(topic, cluster));
    }
    return write_topics(*exchange, cluster, std::move(answers));
  }
  std::vector<std::size_t> missing;
  // A topic that is named twice is answered once: the answer stays bounded.
  for (const std::string_view name :
       std::set<std::string_view>(request.topics->begin(), request.topics->end())) {
    if (!is_topic_name(name)) {
      answers.push_back({.code = Code::invalid_topic, .name = std::string(name)});
    } else if (const auto topic = context_.api.topic(std::string(name))) {
      answers.push_back(answer_of(*topic, cluster));
    } else {
      missing.push_back(answers.size());
      answers.push_back({.code = Code::unknown_topic_or_partition, .name = std::string(name)});
    }
  }
  if (missing.empty() || !request.may_create || !context_.api.creates_topics()) {
    return write_topics(*exchange, cluster, std::move(answers));
  }
  std::vector<std::string> names;
  for (const std::size_t each : missing) names.push_back(answers[each].name);
  const auto gather = std::make_shared<Gather<void>>(
      context_.loop.mailbox(), missing.size(),
      [&api = context_.api, exchange, answers = std::move(answers),
       missing](auto& outcomes) mutable {
        const ClusterDescription now = api.cluster();
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
          MetadataAnswer::Topic& answer = answers[missing[i]];
          // Another client may have made it meanwhile, whatever the outcome.
          if (const auto topic = api.topic(answer.name)) {
            answer = answer_of(*topic, now);
          } else if (const Result<void>& outcome = *outcomes[i]; !outcome) {
            answer.code = topic_code_of(outcome.error().code);
          } else {
            answer.code = Code::leader_not_available;
          }
        }
        write_topics(*exchange, now, std::move(answers));
      });
  for (std::size_t i = 0; i < names.size(); ++i) {
    context_.api.create_topic({.name = names[i]}, gather->slot(i));
  }
}

void TopicsHandler::create(const ExchangePtr& exchange, const CreateTopicsRequest& request) {
  auto answers = std::make_shared<std::vector<CreateTopicsAnswer>>();
  std::vector<NewTopic> topics;
  std::vector<std::size_t> places;
  for (const CreateTopicsRequest::Topic& topic : request.topics) {
    const auto refusal = refusal_of(topic);
    if (!refusal) {
      places.push_back(answers->size());
      topics.push_back(new_topic_of(topic, request.is_check_only));
    }
    answers->push_back(refusal.value_or(CreateTopicsAnswer{.name = std::string(topic.name)}));
  }
  const auto gather = std::make_shared<Gather<void>>(
      context_.loop.mailbox(), topics.size(), [exchange, answers, places](auto& outcomes) {
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
          const Result<void>& outcome = *outcomes[i];
          if (outcome) continue;
          CreateTopicsAnswer& answer = (*answers)[places[i]];
          answer.code = topic_code_of(outcome.error().code);
          answer.message = outcome.error().message.substr(0, message_bytes_max);
        }
        Writer writer = exchange->begin();
        write_create_topics(writer, exchange->header().version, *answers);
        exchange->answer(writer);
      });
  for (std::size_t i = 0; i < topics.size(); ++i) {
    context_.api.create_topic(std::move(topics[i]), gather->slot(i));
  }
  gather->finish_if_empty();
}

void TopicsHandler::remove(const ExchangePtr& exchange, const DeleteTopicsRequest& request) {
  auto answers = std::make_shared<std::vector<DeleteTopicsAnswer>>();
  for (const std::string_view name : request.topics) {
    answers->push_back({.name = std::string(name)});
  }
  const auto gather = std::make_shared<Gather<void>>(
      context_.loop.mailbox(), answers->size(), [exchange, answers](auto& outcomes) {
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
          const Result<void>& outcome = *outcomes[i];
          if (!outcome) (*answers)[i].code = topic_code_of(outcome.error().code);
        }
        Writer writer = exchange->begin();
        write_delete_topics(writer, exchange->header().version, *answers);
        exchange->answer(writer);
      });
  const std::vector<DeleteTopicsAnswer> names = *answers;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (is_topic_name(names[i].name)) {
      context_.api.delete_topic(names[i].name, gather->slot(i));
    } else {
      gather->set(i, Error{ErrorCode::not_found, "a topic cannot have this name"});
    }
  }
  gather->finish_if_empty();
}

void TopicsHandler::describe_configs(const ExchangePtr& exchange,
                                     const DescribeConfigsRequest& request) {
  std::vector<DescribedConfigs> described;
  std::set<std::pair<std::int8_t, std::string_view>> seen;
  for (const DescribeConfigsRequest::Resource& resource : request.resources) {
    if (!seen.emplace(resource.kind, resource.name).second) continue;
    DescribedConfigs& answer = described.emplace_back();
    answer.kind = resource.kind;
    answer.name = resource.name;
    std::vector<std::pair<std::string, std::string>> configs;
    if (resource.kind == topic_resource) {
      const auto topic =
          is_topic_name(resource.name) ? context_.api.topic(answer.name) : std::nullopt;
      if (!topic) {
        answer.code = Code::unknown_topic_or_partition;
        continue;
      }
      configs = topic->configs;
    } else if (resource.kind == broker_resource) {
      configs.emplace_back("auto.create.topics.enable",
                           context_.api.creates_topics() ? "true" : "false");
    } else {
      answer.code = Code::invalid_request;
      answer.message = "expected a topic (2) or a broker (4), got kind " +
                       std::to_string(static_cast<int>(resource.kind));
      continue;
    }
    for (auto& [name, value] : configs) {
      const auto& keys = resource.keys;
      if (keys && std::find(keys->begin(), keys->end(), name) == keys->end()) continue;
      answer.configs.push_back({std::move(name), value.substr(0, message_bytes_max)});
    }
  }
  Writer writer = exchange->begin();
  write_describe_configs(writer, exchange->header().version, described);
  exchange->answer(writer);
}

}  // namespace millrace::kafka
