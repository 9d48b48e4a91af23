// The model of a database under the contract tests. MILLRACE_MODEL_FAULT builds a fault into it.
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/log/log_fixture.hpp"
#include "tests/log/model_engine.hpp"

namespace millrace::logs {
namespace {

ModelFault planted_fault() {
  static const std::map<std::string, ModelFault> faults{
      {"epoch_not_checked", ModelFault::epoch_not_checked},
      {"appends_again", ModelFault::appends_again},
      {"confirms_in_doubt", ModelFault::confirms_in_doubt},
      {"row_is_enough", ModelFault::row_is_enough},
      {"releases_as_it_is_told", ModelFault::releases_as_it_is_told}};
  const char* const name = std::getenv("MILLRACE_MODEL_FAULT");
  if (name == nullptr) return ModelFault::none;
  const auto found = faults.find(name);
  // The tests that must fail with a fault would fail for a misspelt one too.
  if (found == faults.end()) std::_Exit(EXIT_SUCCESS);
  return found->second;
}

class ModelFixture final : public LogFixture {
 public:
  [[nodiscard]] bool has(Feature feature) const override {
    switch (feature) {
      case Feature::fence:
      case Feature::stall:
      case Feature::write_failure:
      case Feature::full:
      case Feature::outage:
      case Feature::lost_answer:
      case Feature::failover:
      case Feature::damaged_checkpoint:
        return true;
      case Feature::lock:
      case Feature::power_loss:
      case Feature::reordered_groups:
      case Feature::reserve:
      case Feature::backup:
        return false;
    }
    return false;
  }

  [[nodiscard]] std::shared_ptr<Engine> make_engine() override {
    return std::make_shared<ModelEngine>(server_, ModelOptions{.fault = planted_fault()});
  }
  void kill() override { server_.kill(); }
  void stall() override { server_.stall(true); }
  void await_stalled() override { server_.await_stalled(); }
  void resume() override { server_.stall(false); }
  void fail_writes() override { server_.fail_writes(true); }
  void fill() override { server_.fill(true); }
  void make_room() override { server_.fill(false); }
  void cut() override { server_.cut(true); }
  void cut_after_commit() override { server_.cut_after_commit(); }
  void mend() override { server_.cut(false); }
  void cut_before_replication() override { server_.cut_before_replication(); }
  void fail_over() override { server_.fail_over(); }
  void damage_newest_checkpoint() override { server_.damage_newest_checkpoint(); }

 private:
  ModelServer server_;
};

}  // namespace

std::vector<NamedFixture> log_fixtures() {
  return {{"Model", [] {
             return std::make_unique<ModelFixture>();
           }}};
}

}  // namespace millrace::logs
