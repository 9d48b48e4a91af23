#include "tests/move/move_world.hpp"

#include "actors/base/assert.hpp"

namespace millrace::moves {
namespace {

std::uint64_t digest_of(int cut) {
  std::uint64_t digest = 0;
  for (std::uint64_t i = 0; i < chunks_of_a_cut; ++i) {
    digest = chain(digest, make_chunk(i, chunks_of_a_cut, std::to_string(cut)).checksum());
  }
  return digest;
}

std::optional<Incoming> read_staging(const std::optional<StagingFile>& file) {
  if (!file) return std::nullopt;
  Incoming incoming{.attempt = file->attempt, .chunks = file->chunks};
  for (const std::string& data : file->data) {
    incoming.digest = chain(incoming.digest, make_chunk(0, 1, data).checksum());
  }
  incoming.taken = incoming.stored = file->data.size();
  return incoming;
}

template <class Message>
std::string bytes(const std::optional<Message>& message) {
  return message ? '+' + message->SerializeAsString() : "-";
}

std::string text(const Shard& shard) {
  std::string all =
      shard.record.SerializeAsString() + bytes(shard.writing) + shard.heard.SerializeAsString();
  const auto add = [&all](std::uint64_t number) {
    all += '|' + std::to_string(number);
  };
  if (shard.outgoing) {
    const Outgoing& move = *shard.outgoing;
    all += "out" + move.attempt.SerializeAsString() + move.target + move.seal.SerializeAsString();
    add(move.sent);
    add(move.stored);
  }
  if (shard.incoming) {
    const Incoming& move = *shard.incoming;
    all += "in" + move.attempt.SerializeAsString() + move.source;
    add(move.chunks);
    add(move.taken);
    add(move.stored);
    add(move.digest);
    add(move.preparing);
    add(move.prepared);
    add(move.committing);
  }
  add(shard.cancelling);
  return all;
}

}  // namespace

MoveWorld::MoveWorld(const std::vector<std::string>& names, Budget budget) : budget_(budget) {
  for (const std::string& name : names) nodes_[name].shard.self = name;
  Shard& first = nodes_[names.front()].shard;
  first.writing = first.record;
  first.writing->mutable_ownership()->set_owner(first.self);
  first.writing->mutable_ownership()->set_epoch(1);
  nodes_[names.front()].has_data = true;
  take({Step::Kind::write, names.front()});
}

std::vector<Step> MoveWorld::steps() const {
  using Kind = Step::Kind;
  std::vector<Step> all;
  for (const Message& message : sent_) all.push_back({Kind::deliver, message.to, {}, message});
  for (const auto& [name, node] : nodes_) {
    all.push_back({Kind::crash, name});
    all.push_back({Kind::retry, name});
    if (node.shard.writing) {
      all.push_back({Kind::write, name});
      all.push_back({Kind::crash_after_write, name});
    }
    if (!node.staging_writes.empty()) all.push_back({Kind::stage, name});
    if (node.preparing) {
      all.push_back({Kind::prepare, name});
      if (budget_.failures > 0) all.push_back({Kind::prepare_fails, name});
    }
    if (budget_.losses > 0 && node.staging && !node.shard.writing &&
        node.staging->attempt.epoch() > node.shard.record.ownership().epoch()) {
      all.push_back({Kind::lose_staging, name});
    }
    if (node.quiescing) all.push_back({Kind::quiesce, name});
    if (serves(node.shard) && budget_.offers > 0) all.push_back({Kind::offer, name});
    if (budget_.cancels > 0 && owns(node.shard)) all.push_back({Kind::cancel, name});
    if (!serves(node.shard) || budget_.moves == 0) continue;
    for (const auto& [target, other] : nodes_) {
      if (target != name) all.push_back({Kind::move, name, target});
    }
  }
  return all;
}

void MoveWorld::take(const Step& step) {
  WorldNode& node = nodes_.at(step.node);
  switch (step.kind) {
    case Step::Kind::deliver:
      if (step.message.is_ownership) {
        pb::Ownership ownership;
        MILLRACE_ASSERT(ownership.ParseFromString(step.message.bytes));
        run(step.node, learn(node.shard, ownership));
      } else {
        pb::MoveStep said;
        MILLRACE_ASSERT(said.ParseFromString(step.message.bytes));
        run(step.node, received(node.shard, step.message.from, said));
      }
      return;
    case Step::Kind::write:
      run(step.node, written(node.shard));
      return;
    case Step::Kind::stage: {
      const Stage stage = node.staging_writes.front();
      node.staging_writes.erase(node.staging_writes.begin());
      if (stage.anew) node.staging = StagingFile{stage.attempt, stage.chunk.chunks(), {}};
      node.staging->data.push_back(stage.chunk.data());
      run(step.node, chunk_stored(node.shard, stage.attempt, node.staging->data.size()));
      return;
    }
    case Step::Kind::prepare:
      prepare(step.node, false);
      return;
    case Step::Kind::prepare_fails:
      --budget_.failures;
      prepare(step.node, true);
      return;
    case Step::Kind::quiesce: {
      pb::Seal seal;
      node.cut = node.log;
      seal.set_chunks(chunks_of_a_cut);
      seal.set_digest(digest_of(node.cut));
      run(step.node, quiesced(node.shard, *std::exchange(node.quiescing, {}), seal));
      return;
    }
    case Step::Kind::retry:
      run(step.node, retry(node.shard));
      return;
    case Step::Kind::crash_after_write:
      node.shard.record = *node.shard.writing;
      crash(step.node);
      return;
    case Step::Kind::lose_staging:
      --budget_.losses;
      node.staging.reset();
      crash(step.node);
      return;
    case Step::Kind::crash:
      crash(step.node);
      return;
    case Step::Kind::move:
      --budget_.moves;
      run(step.node, *start_move(node.shard, step.target, ++attempts_));
      return;
    case Step::Kind::cancel:
      --budget_.cancels;
      run(step.node, cancel_move(node.shard));
      return;
    case Step::Kind::offer:
      --budget_.offers;
      ++node.log;
      ++confirmed_;
      return;
  }
}

void MoveWorld::prepare(const std::string& name, bool fails) {
  WorldNode& node = nodes_.at(name);
  const pb::MoveAttempt attempt = *std::exchange(node.preparing, {});
  std::optional<Error> failure;
  if (fails) failure = Error{ErrorCode::storage_full, "no room"};
  run(name, prepared(node.shard, attempt, failure));
}

void MoveWorld::crash(const std::string& name) {
  WorldNode old = std::exchange(nodes_[name], {});
  WorldNode& node = nodes_[name];
  node.shard.self = name;
  node.shard.record = old.shard.record;
  node.staging = old.staging;
  node.log = old.log;
  node.has_data = old.has_data;
  run(name, recover(node.shard, read_staging(node.staging)));
}

void MoveWorld::run(const std::string& name, const Effects& effects) {
  for (const Effect& effect : effects) run(nodes_.at(name), name, effect);
}

void MoveWorld::run(WorldNode& node, const std::string& name, const Effect& effect) {
  if (const auto* said = std::get_if<Send>(&effect)) {
    send(name, said->to, said->step);
  } else if (const auto* range = std::get_if<SendChunks>(&effect)) {
    for (std::uint64_t i = range->first; i < range->end; ++i) {
      pb::MoveStep step;
      *step.mutable_attempt() = range->attempt;
      *step.mutable_chunk() = make_chunk(i, chunks_of_a_cut, std::to_string(node.cut));
      send(name, range->to, step);
    }
  } else if (const auto* quiesce = std::get_if<Quiesce>(&effect)) {
    node.quiescing = quiesce->attempt;
  } else if (std::holds_alternative<Open>(effect)) {
    node.quiescing.reset();
    open(node);
    gossip(name);
  } else if (std::holds_alternative<Discard>(effect)) {
    node.has_data = false;
    node.log = 0;
    gossip(name);
  } else if (const auto* stage = std::get_if<Stage>(&effect)) {
    node.staging_writes.push_back(*stage);
  } else if (const auto* staged = std::get_if<Prepare>(&effect)) {
    node.preparing = staged->attempt;
  } else if (std::holds_alternative<DropStaging>(effect)) {
    node.staging.reset();
    node.staging_writes.clear();
    node.preparing.reset();
  }
}

void MoveWorld::open(WorldNode& node) {
  if (!serves(node.shard)) opened_wrongly_ = node.shard.self + " was told to serve";
  const std::uint64_t epoch = node.shard.record.ownership().epoch();
  if (!node.staging || node.staging->attempt.epoch() != epoch) return;
  node.log = std::stoi(node.staging->data.back());
  node.has_data = node.staging->data.size() == chunks_of_a_cut;
  for (const std::string& data : node.staging->data) {
    if (data != node.staging->data.back()) node.has_data = false;  // chunks of two exports
  }
}

void MoveWorld::send(const std::string& from, const std::string& to, const pb::MoveStep& step) {
  const Message message{from, to, false, step.SerializeAsString()};
  sent_.insert(message);
  if (healing_) fresh_.push_back(message);
}

void MoveWorld::gossip(const std::string& from) {
  for (const auto& [to, other] : nodes_) {
    if (to == from) continue;
    const auto& ownership = nodes_.at(from).shard.record.ownership();
    const Message message{from, to, true, ownership.SerializeAsString()};
    sent_.insert(message);
    if (healing_) fresh_.push_back(message);
  }
}

std::string MoveWorld::broken() const {
  if (!opened_wrongly_.empty()) return opened_wrongly_;
  std::string owners;
  int count = 0;
  for (const auto& [name, node] : nodes_) {
    if (!owns(node.shard) || node.shard.record.has_offered()) continue;
    owners += ' ' + name;
    ++count;
    if (!node.has_data) return name + " owns the shard without its data";
    if (node.log != confirmed_) {
      return name + " owns the shard with " + std::to_string(node.log) + " of " +
             std::to_string(confirmed_) + " confirmed offers";
    }
  }
  return count > 1 ? "owned by" + owners : std::string();
}

std::set<std::string> MoveWorld::heal() {
  using Kind = Step::Kind;
  healing_ = true;
  for (int round = 0; round < 20; ++round) {
    for (auto& [name, node] : nodes_) take({Kind::retry, name});
    for (bool moved = true; moved;) {
      moved = !fresh_.empty();
      for (const Message& message : std::exchange(fresh_, {})) {
        take({Kind::deliver, message.to, {}, message});
      }
      for (const Step& step : steps()) {
        const bool local = step.kind == Kind::write || step.kind == Kind::stage ||
                           step.kind == Kind::prepare || step.kind == Kind::quiesce;
        if (!local) continue;
        take(step);
        moved = true;
        break;  // the step may have changed the possible steps
      }
    }
  }
  healing_ = false;
  std::set<std::string> serving;
  for (const auto& [name, node] : nodes_) {
    if (serves(node.shard)) serving.insert(name);
  }
  return serving;
}

bool MoveWorld::is_settled() const {
  for (const auto& [name, node] : nodes_) {
    if (node.shard.record.has_offered() || node.shard.outgoing || node.shard.writing) return false;
  }
  return true;
}

std::string MoveWorld::fingerprint() const {
  std::string all;
  const auto add = [&all](int number) {
    all += '|' + std::to_string(number);
  };
  for (const auto& [name, node] : nodes_) {
    all += name + text(node.shard) + bytes(node.quiescing) + bytes(node.preparing);
    add(node.log);
    add(node.has_data);
    add(node.cut);
    if (node.staging) {
      all += node.staging->attempt.SerializeAsString();
      for (const std::string& data : node.staging->data) all += ',' + data;
    }
    for (const Stage& stage : node.staging_writes) {
      all += stage.attempt.SerializeAsString() + stage.chunk.SerializeAsString();
    }
  }
  for (const Message& message : sent_) {
    all += message.from + message.to + std::to_string(message.is_ownership) + message.bytes;
  }
  for (const int number :
       {budget_.moves, budget_.cancels, budget_.offers, budget_.failures, budget_.losses}) {
    add(number);
  }
  return all;
}

}  // namespace millrace::moves
