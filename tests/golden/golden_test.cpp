// Promise: every version reads and writes the same bytes as all released versions, on disk and on
// the wire. Compared with the bytes in hex files: NEVER change a file, only add files.
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "messages/calls.pb.h"
#include "messages/cluster.pb.h"
#include "messages/federation.pb.h"
#include "messages/record.pb.h"
#include "messages/snapshot.pb.h"
#include "messages/topic.pb.h"
#include "tests/golden/golden_cases.hpp"

namespace millrace {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::size_t bytes_per_line = 32;

std::string to_hex(const std::string& bytes) {
  static constexpr const char* digits = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
    if ((i + 1) % bytes_per_line == 0 || i + 1 == bytes.size()) hex += '\n';
  }
  return hex;
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  std::istringstream lines(hex);
  for (std::string line; std::getline(lines, line);) {
    for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16));
    }
  }
  return bytes;
}

std::string read_golden(const std::string& name) {
  std::ifstream file(std::filesystem::path(MILLRACE_GOLDEN_DIR) / (name + ".hex"));
  EXPECT_TRUE(file.is_open()) << name << ".hex is missing";
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class Golden : public ::testing::TestWithParam<GoldenCase> {};

TEST_P(Golden, WritesTheFrozenBytes) {
  const auto& [name, message] = GetParam();
  EXPECT_EQ(to_hex(message->SerializeAsString()), read_golden(name));
}

TEST_P(Golden, ReadsTheFrozenBytes) {
  const auto& [name, message] = GetParam();
  const std::unique_ptr<Message> read(message->New());
  ASSERT_TRUE(read->ParseFromString(from_hex(read_golden(name))));
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(*message, *read)) << difference;
}

INSTANTIATE_TEST_SUITE_P(Disk, Golden, ::testing::ValuesIn(golden_cases()),
                         [](const auto& instance) { return instance.param.name; });
INSTANTIATE_TEST_SUITE_P(Topics, Golden, ::testing::ValuesIn(golden_topic_cases()),
                         [](const auto& instance) { return instance.param.name; });
INSTANTIATE_TEST_SUITE_P(Cluster, Golden, ::testing::ValuesIn(golden_cluster_cases()),
                         [](const auto& instance) { return instance.param.name; });
INSTANTIATE_TEST_SUITE_P(Control, Golden, ::testing::ValuesIn(golden_control_cases()),
                         [](const auto& golden) { return golden.param.name; });

INSTANTIATE_TEST_SUITE_P(Calls, Golden, ::testing::ValuesIn(golden_call_cases()),
                         [](const auto& instance) { return instance.param.name; });
INSTANTIATE_TEST_SUITE_P(Federation, Golden, ::testing::ValuesIn(golden_federation_cases()),
                         [](const auto& instance) { return instance.param.name; });

void collect_set(const Message& message, std::set<std::string>& names) {
  std::vector<const FieldDescriptor*> fields;
  const auto& reflection = *message.GetReflection();
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    names.insert(field->full_name());
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      collect_set(reflection.GetMessage(message, field), names);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      collect_set(reflection.GetRepeatedMessage(message, field, i), names);
    }
  }
}

void collect_declared(const Descriptor& descriptor, std::set<std::string>& names) {
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    const bool is_new = names.insert(field.full_name()).second;
    if (is_new && field.message_type() != nullptr) collect_declared(*field.message_type(), names);
  }
}

TEST(GoldenFormat, HasBytesForEveryField) {
  std::set<std::string> covered;
  for (const GoldenCase& golden : golden_call_cases()) collect_set(*golden.message, covered);
  for (const GoldenCase& golden : golden_cases()) collect_set(*golden.message, covered);
  for (const GoldenCase& golden : golden_control_cases()) collect_set(*golden.message, covered);
  for (const GoldenCase& golden : golden_topic_cases()) collect_set(*golden.message, covered);
  for (const GoldenCase& golden : golden_cluster_cases()) collect_set(*golden.message, covered);
  for (const GoldenCase& golden : golden_federation_cases()) collect_set(*golden.message, covered);
  std::set<std::string> declared;
  for (const auto* const file :
       {pb::PeerRequest::descriptor()->file(), pb::ShardRecord::descriptor()->file(),
        pb::OutboxOffer::descriptor()->file(), pb::TopicCalls::descriptor()->file()}) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      collect_declared(*file->message_type(i), declared);
    }
  }
  collect_declared(*pb::Record::descriptor(), declared);
  collect_declared(*pb::SnapshotPart::descriptor(), declared);
  collect_declared(*pb::ShardChunk::descriptor(), declared);
  EXPECT_EQ(covered, declared) << "a field without golden bytes: add a case and its file";
}

}  // namespace
}  // namespace millrace
