// Promise: hash values and ids never change, because logs depend on them; different work has
// different ids.
#include "messages/hash.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(Hash, ValuesOfKeysNeverChange) {
  EXPECT_EQ(hash_key(""), 0x2D06800538D394C2u);
  EXPECT_EQ(shard_of("anything", 1), 0u);
}

TEST(Hash, OutputIdsDifferByInputStageAndIndex) {
  std::set<MessageId> ids;
  for (const char* producer : {"a", "b"}) {
    for (std::uint64_t sequence = 1; sequence <= 50; ++sequence) {
      const MessageId input = offer_id(producer, sequence);
      ids.insert(input);
      for (const char* stage : {"reserve", "charge"}) {
        for (std::uint32_t index = 0; index < 5; ++index)
          ids.insert(output_id(input, stage, index));
      }
    }
  }
  EXPECT_EQ(ids.size(), 100u + 100u * 10u);
}

// Names are short, and so alike that their differences could be taken for those of numbers.
TEST(Hash, MessagesOfSimilarProducersDiffer) {
  std::set<MessageId> ids;
  std::size_t messages = 0;
  for (const char* rest : {"", "1", "-12", "/test", "-producer", "-producer-with-a-long-name"}) {
    for (char first = 'a'; first < 'g'; ++first) {
      for (char shard = '0'; shard < '8'; ++shard) {
        for (std::uint64_t sequence = 1; sequence <= 40; ++sequence, ++messages) {
          ids.insert(offer_id(std::string(1, first) + rest + "/" + shard, sequence));
        }
      }
    }
  }
  EXPECT_EQ(ids.size(), messages);
}

TEST(Hash, TheSameWorkHasTheSameId) {
  EXPECT_EQ(output_id(offer_id("p", 7), "s", 1), output_id(offer_id("p", 7), "s", 1));
}

}  // namespace
}  // namespace millrace
