#include "tests/sim/workload.hpp"

#include <sstream>
#include <utility>

#include "actors/pipeline/pipeline.hpp"

namespace millrace::sim {
namespace {

using google::protobuf::StringValue;

// Short, so that a lazy receiver loses its leases within a simulation.
constexpr std::chrono::milliseconds lease{300};

std::string first_key(const Number& number) {
  return "a" + std::to_string(number.value() % 3);
}
std::string second_key(const Number& number) {
  return "b" + std::to_string(number.value() % 4);
}

// Whether `one` and `other` must be handled in order: same node of origin, and equal keys in both
// stages.
bool are_ordered(std::int64_t one, std::int64_t other) {
  return one / numbers_per_node == other / numbers_per_node && one % 12 == other % 12;
}

std::vector<std::int64_t> parse(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::int64_t> numbers;
  for (std::int64_t number = 0; in >> number;) numbers.push_back(number);
  return numbers;
}

/// Adds a number to the state of its key. A duplicate, or a number that had to be handled before
/// one in the state, is a violation.
void count(const Number& number, Keyed<StringValue>& seen, std::string& violation) {
  if (number.value() >= first_late_number) {
    violation = "of a fenced sender: " + std::to_string(number.value());
  }
  for (const std::int64_t before : parse(seen->value())) {
    if (before < number.value() || !are_ordered(before, number.value())) continue;
    violation = (before == number.value() ? "repeated: " : "disordered: ") +
                std::to_string(number.value()) + " at key " + std::string(seen.key()) + " after " +
                seen->value();
  }
  seen.change().set_value(seen->value() + " " + std::to_string(number.value()));
}

// May fail, before or after it has changed the state; the change must then be discarded.
bool takes(const Number& number, Keyed<StringValue>& seen, Watch& watch) {
  const std::uint64_t chance = watch.is_failing ? watch.random() % 40 : 2;
  if (chance > 0) count(number, seen, watch.violation);
  if (chance < 2) ++watch.failures;
  return chance >= 2;
}

struct CountAndPass {
  std::shared_ptr<Watch> watch;
  std::function<void()> on_killer;
  Outcome<Number> operator()(const Number& number, Keyed<StringValue>& seen) const {
    if (on_killer && is_killer(number.value())) {
      on_killer();
      return number;  // never becomes durable
    }
    if (!takes(number, seen, *watch)) return Retry{"on purpose"};
    return number;
  }
};

struct CountOnly {
  std::shared_ptr<Watch> watch;
  Outcome<void> operator()(const Number& number, Keyed<StringValue>& seen) const {
    if (!takes(number, seen, *watch)) return Retry{"on purpose"};
    return {};
  }
};

}  // namespace

const QueueRef<Number>& entered() {
  static const auto ref = queue<Number>("sim.entered").key_by(first_key);
  return ref;
}
const QueueRef<Number>& passed() {
  static const auto ref = queue<Number>("sim.passed").key_by(second_key);
  return ref;
}

std::string role_of(const std::string& queue) {
  return queue.starts_with(passed().name()) ? passed().name() : entered().name();
}

std::vector<PipelineSpec> workload(const std::shared_ptr<Watch>& watch,
                                   std::function<void()> on_killer) {
  return {
      pipeline("first")
          .from(entered())
          .then(
              "pass", CountAndPass{watch, std::move(on_killer)},
              {.retry = {.attempts = 6, .first = std::chrono::milliseconds(50)}, .timeout = lease})
          .to(passed()),
      pipeline("second").from(passed()).then(
          "count", CountOnly{watch},
          {.retry = {.attempts = 6, .first = std::chrono::milliseconds(50)}, .timeout = lease})};
}

pb::Envelope envelope_of(std::int64_t value) {
  Number number;
  number.set_value(value);
  pb::Envelope envelope;
  envelope.set_key(first_key(number));
  envelope.set_payload(number.SerializeAsString());
  if (may_be_sent_again(value)) envelope.set_idempotency_key(std::to_string(value));
  return envelope;
}

bool is_killer(std::int64_t number) {
  return number % numbers_per_node == 37;
}

bool may_be_sent_again(std::int64_t number) {
  return number % 3 == 0;
}

std::int64_t number_in(const pb::Envelope& envelope) {
  Number number;
  number.ParseFromString(envelope.payload());
  return number.value();
}

std::vector<std::int64_t> numbers_in(const std::string& serialized_state) {
  StringValue seen;
  seen.ParseFromString(serialized_state);
  return parse(seen.value());
}

}  // namespace millrace::sim
