#include "actors/queue/decide/suspicion.hpp"

namespace millrace::queues {
namespace {

const FailureNote* note_of(const State& state, Sequence sequence, const Entry& entry) {
  if (!entry.has_failure) return nullptr;
  return &state.durable.failures.find(sequence)->second;
}

}  // namespace

std::vector<pb::Suspect> decide_suspects(std::span<const InterruptedCall> calls, bool drained,
                                         const std::function<const State*(QueueNumber)>& find) {
  struct Named {
    QueueNumber queue;
    Sequence sequence;
    bool was_alone;
  };
  std::vector<Named> live;
  for (const InterruptedCall& call : calls) {
    for (const auto& [number, sequence] : call.messages) {
      const State* const state = find(number);
      if (state == nullptr || state->is_outbox) continue;
      if (state->durable.index.find(sequence) == nullptr) continue;
      live.push_back({number, sequence, call.was_alone && call.messages.size() == 1});
    }
  }
  std::vector<pb::Suspect> suspects;
  for (const Named& named : live) {
    const State& state = *find(named.queue);
    const FailureNote* const before =
        note_of(state, named.sequence, *state.durable.index.find(named.sequence));
    const bool is_own = !drained && (named.was_alone || live.size() == 1);
    pb::Suspect& suspect = suspects.emplace_back();
    suspect.set_queue(named.queue);
    suspect.set_sequence(named.sequence);
    suspect.set_deaths((before == nullptr ? 0 : before->deaths) + 1u);
    suspect.set_own_deaths((before == nullptr ? 0 : before->own_deaths) + (is_own ? 1u : 0u));
    suspect.set_runs_alone((before != nullptr && before->runs_alone) || is_own ||
                           live.size() <= crowd_max || suspect.deaths() >= crowd_deaths);
  }
  return suspects;
}

void apply_suspect(State& state, const pb::Suspect& suspect) {
  Entry* const entry = state.durable.index.find(suspect.sequence());
  if (entry == nullptr) return;
  entry->has_failure = true;
  FailureNote& note = state.durable.failures[suspect.sequence()];
  note.deaths = suspect.deaths();
  note.own_deaths = suspect.own_deaths();
  note.runs_alone = suspect.runs_alone();
}

bool runs_alone(const State& state, Sequence sequence, const Entry& entry) {
  const FailureNote* const note = note_of(state, sequence, entry);
  return note != nullptr && note->runs_alone;
}

bool is_poison(const State& state, Sequence sequence, const Entry& entry) {
  const FailureNote* const note = note_of(state, sequence, entry);
  return note != nullptr && note->own_deaths >= poison_deaths;
}

}  // namespace millrace::queues
