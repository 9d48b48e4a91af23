#include "apps/simulate/node/shell/gateway_host.hpp"

#include <caf/all.hpp>

#include "actors/base/clock.hpp"

namespace millrace::simulate {

/// Message to a desk: the calls to execute. Never leaves the process.
struct DeskCall {
  std::shared_ptr<const std::vector<orders::GatewayCall>> calls;
};

struct DeskAnswer {
  std::shared_ptr<const std::vector<orders::GatewayAnswer>> answers;
};

}  // namespace millrace::simulate

CAF_BEGIN_TYPE_ID_BLOCK(gateway, first_custom_type_id + 100)
  CAF_ADD_TYPE_ID(gateway, (millrace::simulate::DeskCall))
  CAF_ADD_TYPE_ID(gateway, (millrace::simulate::DeskAnswer))
CAF_END_TYPE_ID_BLOCK(gateway)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::simulate::DeskCall)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::simulate::DeskAnswer)

namespace millrace::simulate {
namespace {

using Desk = caf::typed_actor<caf::replies_to<DeskCall>::with<DeskAnswer>>;

constexpr std::chrono::seconds patience{2};

void take_time(std::chrono::microseconds span) {
  pause_until(std::chrono::steady_clock::now() + span);
}

}  // namespace

GatewayHost::GatewayHost(const orders::SimulatedGateway::Options& options,
                         orders::GatewayBooks& books, std::size_t desks) {
  config_.add_message_types<caf::id_block::gateway>();
  config_.set("scheduler.policy", caf::atom("sharing"));
  config_.set("scheduler.max-threads", std::size_t{1});
  system_ = std::make_unique<caf::actor_system>(config_);
  for (std::size_t i = 0; i < desks; ++i) {
    auto gateway = std::make_shared<orders::SimulatedGateway>(options, books, take_time);
    desks_.push_back(caf::actor_cast<caf::actor>(
        system_->spawn<caf::detached>([gateway](Desk::pointer) -> Desk::behavior_type {
          return {[gateway](const DeskCall& call) {
            return DeskAnswer{std::make_shared<const std::vector<orders::GatewayAnswer>>(
                gateway->call(*call.calls))};
          }};
        })));
  }
}

GatewayHost::~GatewayHost() {
  for (const caf::actor& desk : desks_) {
    caf::anon_send_exit(desk, caf::exit_reason::user_shutdown);
  }
}

std::vector<orders::GatewayAnswer> GatewayHost::call(std::span<const orders::GatewayCall> calls) {
  const std::size_t desk = next_.fetch_add(1, std::memory_order_relaxed) % desks_.size();
  std::vector<orders::GatewayAnswer> answers;
  caf::scoped_actor self(*system_);
  self->request(desks_[desk], patience,
                DeskCall{std::make_shared<const std::vector<orders::GatewayCall>>(calls.begin(),
                                                                                  calls.end())})
      .receive([&](const DeskAnswer& answer) { answers = *answer.answers; },
               [](const caf::error&) {});
  return answers;
}

}  // namespace millrace::simulate
