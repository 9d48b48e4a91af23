// Rows of [kafka].
#include "cluster/config/keys/bind.hpp"
#include "cluster/config/keys/key_table.hpp"
#include "cluster/config/keys/units.hpp"

namespace millrace::config {
namespace {

constexpr std::int64_t retention_max = 100 * 365 * 24 * hour;

void add_service(KeyTable& table) {
  table.groups.push_back({.path = "kafka", .doc = "The door for clients of Kafka."});
  table.keys.push_back({.path = "kafka.listen",
                        .type = Type::address,
                        .doc = "Address that it listens on; beyond loopback it requires "
                               "kafka.token_file, kafka.certificate and kafka.key. Port 0: the "
                               "system chooses. Unset: the node has no such door.",
                        .store = take<&Config::kafka, &KafkaConfig::listen>,
                        .example = "\"127.0.0.1:9092\""});
  table.keys.push_back({.path = "kafka.advertise",
                        .type = Type::address,
                        .doc = "Where clients reach this node; they are told so by each node. Port "
                               "0: that of kafka.listen. Unset: kafka.listen.",
                        .store = take<&Config::kafka, &KafkaConfig::advertise>,
                        .example = "\"broker-1.example.com:9092\""});
  table.keys.push_back({.path = "kafka.token_file",
                        .type = Type::path,
                        .doc = "File with the password that clients give by SASL/PLAIN, with any "
                               "user name. Unset: none is asked for. The file must not be readable "
                               "by others.",
                        .store = take<&Config::kafka, &KafkaConfig::token_file>,
                        .example = "\"token\""});
  table.keys.push_back({.path = "kafka.certificate",
                        .type = Type::path,
                        .doc = "Certificate that clients see, PEM, with intermediate ones behind "
                               "it. Unset: clients talk without TLS.",
                        .store = take<&Config::kafka, &KafkaConfig::certificate>,
                        .example = "\"certs/kafka.crt\""});
  table.keys.push_back({.path = "kafka.key",
                        .type = Type::path,
                        .doc = "The certificate's private key, PEM.",
                        .store = take<&Config::kafka, &KafkaConfig::key>,
                        .example = "\"certs/kafka.key\""});
  table.keys.push_back({.path = "kafka.connections_max",
                        .type = Type::integer,
                        .fallback = "1000",
                        .doc = "Maximum open connections.",
                        .store = take<&Config::kafka, &KafkaConfig::connections_max>,
                        .min = 1,
                        .max = 100'000});
}

void add_topics(KeyTable& table) {
  table.keys.push_back({.path = "kafka.auto_create",
                        .type = Type::boolean,
                        .fallback = "false",
                        .doc = "Clients make topics by using them, and groups by joining. False: "
                               "topics are made by CreateTopics and here, groups here only.",
                        .store = take<&Config::kafka, &KafkaConfig::auto_create>});
  table.keys.push_back(
      {.path = "kafka.retention",
       .type = Type::duration,
       .fallback = "\"7d\"",
       .doc =
           "Time for which records are kept after all groups of their topic have committed them. "
           "What a group has not committed is kept. Above queue[].high_water_percent of "
           "kafka.topics, committed records go earlier.",
       .store = take<&Config::kafka, &KafkaConfig::retention>,
       .min = second,
       .max = retention_max});
  table.groups.push_back({.path = "kafka.topic[]",
                          .doc =
                              "A topic that is made at the start. If a stage writes to a queue of "
                              "this name, that queue is the topic, and no stage can read it.",
                          .open = add_item<&Config::kafka, &KafkaConfig::topics>});
  table.keys.push_back(
      {.path = "kafka.topic[].name",
       .type = Type::name,
       .doc = "The topic's name.",
       .store = take<&Config::kafka, &KafkaConfig::topics, &KafkaTopicConfig::name>,
       .example = "\"orders.shipped\"",
       .is_required = true});
  table.keys.push_back(
      {.path = "kafka.topic[].retention",
       .type = Type::duration,
       .doc = "In place of kafka.retention.",
       .store = take<&Config::kafka, &KafkaConfig::topics, &KafkaTopicConfig::retention>,
       .min = second,
       .max = retention_max,
       .example = "\"30d\""});
  table.keys.push_back(
      {.path = "kafka.topic[].groups",
       .type = Type::names,
       .doc = "Groups for which records are kept from the start on, until they "
              "commit them.",
       .store = take<&Config::kafka, &KafkaConfig::topics, &KafkaTopicConfig::groups>,
       .example = "[\"billing\"]"});
}

}  // namespace

void add_kafka_keys(KeyTable& table) {
  add_service(table);
  add_topics(table);
}

}  // namespace millrace::config
