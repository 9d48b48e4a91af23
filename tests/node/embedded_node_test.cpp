// Promise: a program runs a node of a cluster with options in C++ alone, and each mistake in them is
// named. Checked with nodes on loopback, whose ports the system chooses.
#include "cluster/embed/embedded_node.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "actors/base/temporary_directory.hpp"
#include "actors/pipeline/pipeline.hpp"

namespace millrace {
namespace {

using google::protobuf::StringValue;
using testing::AllOf;
using testing::HasSubstr;

const auto names = queue<StringValue>("names").key_by(&StringValue::value);
const auto greetings = queue<StringValue>("greetings.said");
const auto replies = queue<StringValue>("greetings.replies");

StringValue text(const std::string& value) {
  StringValue message;
  message.set_value(value);
  return message;
}

struct Greet {
  StringValue operator()(const StringValue& name) const { return text("hello " + name.value()); }
};

std::vector<PipelineSpec> pipelines() {
  return {pipeline("greetings").from(names).then<Greet>("greet").to(greetings, replies),
          pipeline("replies").from(replies).then_answer("reply")};
}

template <class Condition>
bool eventually(const Condition& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    ::poll(nullptr, 0, 1);  // looks that follow each other at once would take the node's processor
  }
  return true;
}

std::uint64_t queued(EmbeddedNode& node, const std::string& queue) {
  for (const QueueInfo& info : node.runtime().queues()) {
    if (info.name == queue) return info.ledger.queued();
  }
  return 0;
}

/// Asks for names that belong to either node. Each reply must come back to this one.
void expect_replies(EmbeddedNode& node) {
  auto asker = node.runtime().asker(names, replies, {.producer = "asker-" + node.name()});
  ASSERT_TRUE(asker) << asker.error().message;
  std::vector<std::future<Result<StringValue>>> waiting;
  for (int i = 0; i < 20; ++i) waiting.push_back(asker->ask(text("name-" + std::to_string(i))));
  for (int i = 0; i < 20; ++i) {
    const Result<StringValue> reply = waiting[static_cast<std::size_t>(i)].get();
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->value(), "hello name-" + std::to_string(i));
  }
  EXPECT_TRUE(eventually([&] { return queued(node, "greetings.replies") == 0; }));
}

class EmbeddedNodes : public testing::Test {
 protected:
  EmbeddedNodes() : folder_(*TemporaryDirectory::make("millrace-test-")) {}

  EmbeddedOptions options(const std::string& node) {
    return {.node = node,
            .data_dir = folder_.path() / node,
            .shards = 4,
            .listen = "127.0.0.1:0",
            .listen_http = "127.0.0.1:0",
            .settings = {{"membership.heartbeat", "50ms"}, {"runtime.threads", "2"}}};
  }

  static std::string error_of(const EmbeddedOptions& options) {
    const auto node = EmbeddedNode::start(options, pipelines());
    if (node) return "started";
    EXPECT_EQ(node.error().code, ErrorCode::invalid_argument);
    return node.error().message;
  }

  TemporaryDirectory folder_;
};

TEST_F(EmbeddedNodes, RunAloneAndKeepWhatTheyHave) {
  {
    auto node = EmbeddedNode::start(options("a"), pipelines());
    ASSERT_TRUE(node) << node.error().message;
    EXPECT_EQ((*node)->name(), "a");
    EXPECT_THAT((*node)->http_address(), HasSubstr("127.0.0.1:"));
    auto sender = (*node)->runtime().sender(names, {.producer = "test"});
    ASSERT_TRUE(sender) << sender.error().message;
    ASSERT_TRUE(sender->send(text("ada")));
    ASSERT_TRUE(sender->flush());
    EXPECT_TRUE(eventually([&] { return queued(**node, "greetings.said") == 1; }));
    EXPECT_TRUE((*node)->stop());
    EXPECT_TRUE((*node)->stop());
  }
  auto node = EmbeddedNode::start(options("a"), pipelines());
  ASSERT_TRUE(node) << node.error().message;
  const auto said = (*node)->runtime().peek("greetings.said", 10);
  ASSERT_TRUE(said);
  ASSERT_EQ(said->size(), 1u);
  EXPECT_EQ((*said)[0].envelope.key(), "ada");
}

TEST_F(EmbeddedNodes, BecomeAClusterWhenTheyLearnTheirAddresses) {
  EmbeddedOptions a = options("a");
  EmbeddedOptions b = options("b");
  a.members = {{.name = "a", .address = "127.0.0.1:1"}, {.name = "b", .address = "127.0.0.1:2"}};
  b.members = a.members;
  auto first = EmbeddedNode::start(a, pipelines());
  ASSERT_TRUE(first) << first.error().message;
  auto second = EmbeddedNode::start(b, pipelines());
  ASSERT_TRUE(second) << second.error().message;

  a.members[0].address = "127.0.0.1:" + std::to_string((*first)->port());
  a.members[1].address = "127.0.0.1:" + std::to_string((*second)->port());
  b.members = a.members;
  ASSERT_TRUE((*first)->update(a));
  ASSERT_TRUE((*second)->update(b));
  const auto all_up = [](const EmbeddedNode& node) {
    const auto members = node.members();
    return members.size() == 2 && members[0].state == "up" && members[1].state == "up";
  };
  EXPECT_TRUE(eventually([&] { return all_up(**first) && all_up(**second); }));
  EXPECT_TRUE(eventually([&] {
    for (std::uint32_t shard = 0; shard < 4; ++shard) {
      if ((*first)->owner("names", shard).empty()) return false;
    }
    return true;
  }));

  // Whatever node a key belongs to, it is handled once.
  auto sender = (*first)->runtime().sender(names, {.producer = "test"});
  ASSERT_TRUE(sender) << sender.error().message;
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(sender->send(text("name-" + std::to_string(i))));
  ASSERT_TRUE(sender->flush());
  EXPECT_TRUE(eventually([&] {
    return queued(**first, "greetings.said") + queued(**second, "greetings.said") == 40;
  }));
  EXPECT_GT(queued(**second, "greetings.said"), 0u);
  expect_replies(**first);
  expect_replies(**second);

  b.members[0].weight = 1'001;
  const auto refused = (*second)->update(b);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("cluster.nodes.0.weight"));
  EXPECT_TRUE((*second)->stop());
  EXPECT_TRUE((*first)->stop());
}

TEST_F(EmbeddedNodes, SayWhatIsWrongWithTheirOptions) {
  EmbeddedOptions wrong = options("No Name");
  wrong.shards = 0;
  wrong.members = {{.name = "b", .address = "nowhere"}};
  wrong.settings.emplace_back("runtime.thread", "2");
  wrong.settings.emplace_back("log.level", "loud");
  EXPECT_THAT(error_of(wrong),
              AllOf(HasSubstr("options: error: node.name: expected "),
                    HasSubstr("options: error: cluster.shards: expected "),
                    HasSubstr("options: error: cluster.nodes.0.address: expected "),
                    HasSubstr("settings runtime.thread: error: "), HasSubstr("runtime.threads"),
                    HasSubstr("settings log.level: error: log.level: expected ")));
  EXPECT_THAT(error_of({.node = "a", .data_dir = ""}), HasSubstr("node.data_dir"));

  EmbeddedOptions open = options("a");
  open.listen = "0.0.0.0:0";
  EXPECT_THAT(error_of(open), HasSubstr("listen.cluster"));
  open.tls = {.ca = "gone.crt", .certificate = "gone.crt", .key = "gone.key"};
  EXPECT_THAT(error_of(open), AllOf(HasSubstr("tls.ca"), HasSubstr("gone.crt")));
  open.settings.emplace_back("no-path", "x");
  EXPECT_THAT(error_of(open), HasSubstr("settings no-path"));
}

}  // namespace
}  // namespace millrace
