#include "apps/inference/stages.hpp"

#include <utility>

#include "messages/error_code.hpp"

namespace millrace::inference {
namespace {

using namespace std::chrono_literals;

Answer answer_to(const Request& request, Verdict verdict, std::string text) {
  Answer answer;
  answer.set_tenant(request.tenant());
  answer.set_id(request.id());
  answer.set_verdict(verdict);
  answer.set_text(std::move(text));
  return answer;
}

bool is_expired(const Context& context) {
  const TimeUs expires_at_us = context.facts().expires_at_us;
  return expires_at_us != 0 && expires_at_us <= context.now_us();
}

}  // namespace

QueueRef<Request> requests_queue() {
  return queue<Request>("inference.requests");
}

QueueRef<Request> work_queue() {
  return queue<Request>("inference.work");
}

QueueRef<Answer> answers_queue() {
  return queue<Answer>("inference.answers").key_by(&Answer::tenant);
}

Routed Admit::operator()(const Request& request, const Context& context) const {
  const std::string refusal = admission->refuse({.id = request.id(),
                                                 .priority = context.facts().priority,
                                                 .expires_at_us = context.facts().expires_at_us},
                                                context.now_us());
  if (refusal.empty()) return Routed().to(work_queue(), request);
  return Routed().to(answers_queue(), answer_to(request, REFUSED, refusal));
}

std::vector<Outcome<Answer>> Infer::operator()(Batch<Request> batch) const {
  std::vector<Outcome<Answer>> outcomes(batch.size());
  std::vector<Model::Prompt> prompts;
  std::vector<std::size_t> asked;  // by prompt: its index in the batch
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto& item = batch[i];
    if (is_expired(item.context)) {
      services.admission->finish(item.message.id());
      outcomes[i] = answer_to(item.message, EXPIRED, "the deadline passed in the queue");
    } else {
      prompts.push_back({item.message.prompt(), item.context.facts().failed});
      asked.push_back(i);
    }
  }
  if (prompts.empty()) return outcomes;
  const std::vector<Completion> completions = services.model->complete(prompts);
  for (std::size_t i = 0; i < completions.size(); ++i) {
    const auto& [request, context] = batch[asked[i]];
    const Completion& completion = completions[i];
    if (completion.kind == Completion::Kind::out_of_memory) {
      outcomes[asked[i]] = Retry{completion.text, 10ms};
      continue;
    }
    if (completion.kind == Completion::Kind::too_long) {
      outcomes[asked[i]] = Reject{completion.text};
      continue;
    }
    services.admission->finish(request.id());
    Answer answer = answer_to(request, ANSWERED, completion.text);
    answer.set_waited_us(context.now_us() - context.facts().born_at_us);
    answer.set_batch_size(static_cast<std::uint32_t>(prompts.size()));
    outcomes[asked[i]] = std::move(answer);
  }
  return outcomes;
}

Answer GiveUp::operator()(const Request& request, const Context& context) const {
  admission->finish(request.id());
  const pb::DeadLetter* letter = context.facts().dead_letter;
  if (letter == nullptr) return answer_to(request, REJECTED, "given up");
  const bool expired = letter->code() == static_cast<std::uint32_t>(ErrorCode::expired);
  return answer_to(request, expired ? EXPIRED : REJECTED, letter->reason());
}

void Deliver::operator()(const Answer& answer) const {
  services.callers->answer(answer, services.clock->now_us());
}

PipelineSpec inference_pipeline(const Services& services, const BatchOptions& batch) {
  const auto dead = queue<Request>("inference.dead");
  return pipeline("inference")
      .from(requests_queue())
      .then("admit", Admit{services.admission}, {.dead_letter = dead.name()})
      .to(work_queue(), answers_queue())
      .from(work_queue())
      .then_batch("model", Infer{services},
                  {.retry = {.attempts = 3, .first = std::chrono::milliseconds(50)},
                   .batch = batch,
                   .dead_letter = dead.name(),
                   .blocking = true})
      .to(answers_queue())
      .from(dead)
      .then("give-up", GiveUp{services.admission})
      .to(answers_queue())
      .from(answers_queue())
      .then("deliver", Deliver{services})
      // An answer inherits the deadline of its request and becomes a dead letter when it expires.
      // The caller still waits for it, so late answers are delivered from the dead letter queue.
      .from(queue<Answer>(answers_queue().name() + ".dead"))
      .then("deliver-late", Deliver{services});
}

}  // namespace millrace::inference
