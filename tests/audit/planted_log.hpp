// PlantedLog: a data directory with records that a test wrote, through the real journal.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/journal/journal.hpp"
#include "messages/record.pb.h"
#include "messages/snapshot.pb.h"

namespace millrace::audit {

class WaitingListener final : public logs::Listener {
 public:
  void on_committed(std::span<logs::Committed> group) override {
    const std::lock_guard lock(mutex_);
    count_ += group.size();
    changed_.notify_all();
  }
  void on_failed(const Error& error) override { ADD_FAILURE() << error.message; }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
};

/// Writes `records` to a new data directory, one group each, and stops as a node does.
inline void write_log(const std::filesystem::path& path, const std::vector<pb::Record>& records,
                      const std::vector<pb::SnapshotPart>& checkpoint = {}) {
  using namespace journal;
  std::filesystem::remove_all(path);
  auto directory = DataDirectory::open(posix_file_system(), path, Opener::writer);
  ASSERT_TRUE(directory) << directory.error().message;
  const auto recovered = recover(
      *directory, [](Section, std::string_view) { return Result<void>{}; },
      [](const Frame&) { return Result<void>{}; });
  ASSERT_TRUE(recovered) << recovered.error().message;
  Options options;
  options.segment_bytes = 64U << 10;
  options.record_bytes_max = 32U << 10;
  options.free_bytes_min = 0;
  WaitingListener listener;
  auto journal = Journal::start(*std::move(directory), *recovered, options, listener);
  ASSERT_TRUE(journal) << journal.error().message;
  std::size_t written = 0;
  for (const pb::Record& record : records) {
    auto proposal = std::make_shared<Proposal>();
    proposal->body = record.SerializeAsString();
    ASSERT_TRUE((*journal)->append(std::move(proposal)));
    ASSERT_TRUE(listener.wait_for(++written));
  }
  if (!checkpoint.empty()) {
    const auto saved =
        (*journal)->write_checkpoint(written + 1, [&](CheckpointWriter& out) -> Result<void> {
          for (const pb::SnapshotPart& part : checkpoint) {
            if (auto added = out.add(1, part.SerializeAsString()); !added) return added;
          }
          return {};
        });
    ASSERT_TRUE(saved) << saved.error().message;
  }
  (*journal)->stop();
}

/// Declares queue `number`; with `producer`, as an outbox.
inline pb::Record declaring(std::uint32_t number, const std::string& name,
                            const std::string& producer = {}) {
  pb::Record record;
  record.set_at_us(1'000'000);
  pb::Declaration& declaration = *record.add_declare();
  declaration.set_number(number);
  declaration.set_name(name);
  declaration.set_shards(1);
  if (!producer.empty()) declaration.mutable_outbox()->set_producer(producer);
  return record;
}

/// A change of queue `number` in a new record.
inline pb::Record changing(std::uint32_t number) {
  pb::Record record;
  record.set_at_us(2'000'000);
  record.add_change()->set_queue(number);
  return record;
}

inline pb::Record attaching(std::uint32_t number, const std::string& producer) {
  pb::Record record = changing(number);
  pb::Attach& attach = *record.mutable_change(0)->add_attach();
  attach.set_producer(producer);
  attach.set_epoch(1);
  return record;
}

/// Appends a message with the id `id`, and a payload of `bytes`.
inline void append(pb::Change& change, std::uint64_t id, std::size_t bytes = 100) {
  pb::Envelope& envelope = *change.add_append();
  envelope.set_id_low(id);
  envelope.set_key("k");
  envelope.set_payload(std::string(bytes, static_cast<char>('a' + id % 26)));
}

/// The offer of number `sequence` of `producer` to queue `number`: the message with the id `id`.
inline pb::Record offering(std::uint32_t number, const std::string& producer,
                           std::uint64_t sequence, std::uint64_t id, std::size_t bytes = 100) {
  pb::Record record = changing(number);
  pb::Produced& produced = *record.mutable_change(0)->add_produced();
  produced.set_producer(producer);
  produced.set_epoch(1);
  produced.set_first(sequence);
  produced.set_count(1);
  append(*record.mutable_change(0), id, bytes);
  return record;
}

inline pb::Record acking(std::uint32_t number, std::uint64_t sequence) {
  pb::Record record = changing(number);
  record.mutable_change(0)->add_ack(sequence);
  return record;
}

}  // namespace millrace::audit
