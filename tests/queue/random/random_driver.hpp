// RandomDriver: seeded random commands to a QueueWorld, each checked against a model.
#pragma once

#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "actors/queue/decide/decide_relocation.hpp"
#include "tests/queue/random/queue_model.hpp"
#include "tests/queue/random/queue_world.hpp"

namespace millrace::queues {

class RandomDriver {
 public:
  static constexpr QueueNumber first = 1;   ///< gets offers; its outputs go to itself and `second`
  static constexpr QueueNumber second = 2;  ///< gets offers and outputs of `first`
  static constexpr QueueNumber dead = 3;    ///< their dead letters

  explicit RandomDriver(std::uint64_t seed);

  /// One random command, after which the invariants of all queues hold. Reports failures to
  /// GoogleTest.
  void step();
  /// Handles all work that is left, and checks that no message, lease or slot remains.
  void drain();
  /// Compares all queues with their models.
  void check();

 private:
  void act();

  using Effects = std::vector<std::function<void()>>;

  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  bool chance(std::uint64_t percent) { return pick(100) < percent; }
  QueueNumber pick_queue() { return chance(65) ? first : second; }

  // Producers (random_driver_offers.cpp).
  void attach();
  void offer();
  Offer make_offer(QueueNumber number, const std::string& name);
  ModelMessage make_message();
  static std::shared_ptr<const pb::Envelope> to_envelope(const ModelMessage& message);
  void expect_offer(QueueNumber number, const Offer& offer,
                    const std::vector<ModelMessage>& messages, Room room);

  // Receivers (random_driver_leases.cpp).
  void dispatch(QueueNumber number);
  void check_grant(QueueNumber number, const Grant& grant);
  void check_turn(QueueNumber number, Sequence sequence);
  QueueWorld::OnCommit give_up(QueueNumber number, LeaseId id, Sequence sequence);
  bool is_eligible(QueueNumber number, Sequence sequence);
  void complete(QueueNumber number, bool well);
  LeaseOutcome make_outcome(QueueNumber number, const ModelLease& lease, bool well,
                            Effects& effects);
  void add_effects(QueueNumber number, const ModelLease& lease, Sequence sequence,
                   MessageOutcome& outcome, Effects& effects);
  void add_timers(QueueNumber number, const std::string& key, MessageOutcome& outcome,
                  Effects& effects);
  void add_failure_effect(QueueNumber number, Sequence sequence, Effects& effects,
                          bool overran = false);
  void kill(QueueNumber number, Sequence sequence);
  static TimeUs retry_at(const pb::Record& record, Sequence sequence);
  void complete_stale();
  void extend();
  void give_back();

  // Compaction (random_driver_compaction.cpp).
  struct Compaction {
    CompactionRun run;
    logs::SegmentNumber before = 0;
    bool reading = false;              ///< bodies for its step are being read
    std::vector<WantedBody> wanted{};  ///< these
    bool moving = false;               ///< the record of its step is in flight
  };
  void compact();
  void read_and_move(QueueNumber number, Compaction& compaction);
  void expect_clean(QueueNumber number, logs::SegmentNumber before);

  // Moves to another node (random_driver_moves.cpp).
  void copy();
  void become_outbox();

  // Time, operators and crashes (random_driver_time.cpp).
  void lose(QueueNumber number, const std::vector<LeaseId>& leases, ErrorCode code);
  void lose_receiver();
  void tick(QueueNumber number);
  void set_clock();
  void fire_timers(QueueNumber number);
  void pause();
  void resume_due(QueueNumber number);
  void forget();
  void operate();
  void crash();
  void send(QueueNumber number, Decision decision, Effects effects);
  static QueueWorld::OnCommit run_all(Effects effects);

  std::mt19937_64 random_;
  std::unique_ptr<QueueWorld> world_;
  std::map<QueueNumber, ModelQueue> models_;
  std::unique_ptr<Checkpoint> checkpoint_;
  std::map<QueueNumber, Compaction> compactions_;
  std::uint64_t messages_made_ = 0;
};

}  // namespace millrace::queues
