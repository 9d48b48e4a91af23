#include "apps/audit/model/report.hpp"

#include <algorithm>
#include <utility>

namespace millrace::audit {
namespace {

constexpr std::size_t findings_kept = 20;  // of each check
constexpr std::size_t notes_kept = 20;

}  // namespace

Report::Report()
    : checks_{
          {"files", "each file of a data directory is there, whole and of a known format"},
          {"records", "each record up to the durable end is there, whole, in order, once"},
          {"checkpoints", "each checkpoint is whole and equals the records before it"},
          {"producers", "numbers of each producer have no gap and no repeat; epochs never fall"},
          {"messages", "each message is acked, dead, dropped or queued, exactly once"},
          {"states", "states, histories, timers and failures follow from handled messages"},
          {"bodies", "the body of each queued message can be read"},
          {"outboxes", "what an outbox has handed over is at its target, once"},
          {"ownership", "a shard has one owner in each epoch"}} {}

void Report::fail(About about, Finding finding) {
  Check& check = at(about);
  ++check.failures;
  if (check.findings.size() < findings_kept) check.findings.push_back(std::move(finding));
}

void Report::note(About about, std::string text) {
  std::vector<std::string>& notes = at(about).notes;
  const bool is_new = std::find(notes.begin(), notes.end(), text) == notes.end();
  if (is_new && notes.size() < notes_kept) notes.push_back(std::move(text));
}

bool Report::passed() const {
  return std::all_of(checks_.begin(), checks_.end(),
                     [](const Check& check) { return check.passed(); });
}

}  // namespace millrace::audit
