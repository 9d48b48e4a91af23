#include "cluster/kafka/service/kafka_service.hpp"

#include <utility>

#include "cluster/kafka/server/listen.hpp"
#include "cluster/kafka/service/dispatcher.hpp"

namespace millrace::kafka {
namespace {

Result<void> check(const KafkaServiceOptions& options) {
  const ServerOptions& server = options.server;
  if (server.requests_bytes_max < server.request_bytes_max ||
      server.requests_bytes_max < options.unpacked_bytes_max) {
    return Error{ErrorCode::invalid_argument,
                 "kafka: expected room for all requests together to be at least that for one, and "
                 "that for one when unpacked"};
  }
  if (server.answers_bytes_max < options.fetch_bytes_max) {
    return Error{ErrorCode::invalid_argument,
                 "kafka: expected room for all answers together to be at least that for one"};
  }
  return {};
}

}  // namespace

class KafkaService::Parts {
 public:
  Parts(const KafkaServiceOptions& options, BrokerApi& api, ListeningServer listening)
      : server(std::move(listening)),
        dispatcher(HandlerContext{.api = api,
                                  .loop = *server.loop,
                                  .requests = server.loop->requests_budget(),
                                  .answers = server.loop->answers_budget(),
                                  .unpacked_bytes_max = options.unpacked_bytes_max,
                                  .fetch_bytes_max = options.fetch_bytes_max},
                   options.groups, options.authenticate) {}
  ~Parts() { server.loop->stop(std::chrono::milliseconds(0)); }

  ListeningServer server;
  Dispatcher dispatcher;
};

Result<std::unique_ptr<KafkaService>> KafkaService::listen_on(KafkaServiceOptions options,
                                                              BrokerApi& api) {
  if (auto checked = check(options); !checked) return checked.error();
  options.server.must_authenticate = options.authenticate != nullptr;
  auto listening = listen(options.server);
  if (!listening) return listening.error();
  return std::unique_ptr<KafkaService>(
      new KafkaService(std::make_unique<Parts>(options, api, std::move(*listening))));
}

KafkaService::KafkaService(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
KafkaService::~KafkaService() = default;

void KafkaService::start_serving() {
  parts_->server.loop->start(parts_->dispatcher);
}

const std::string& KafkaService::host() const {
  return parts_->server.host;
}

std::uint16_t KafkaService::port() const {
  return parts_->server.port;
}

void KafkaService::describe_groups(std::vector<std::string> names,
                                   std::function<void(const std::vector<DescribedGroup>&)> done) {
  parts_->server.loop->mailbox()->post([&groups = parts_->dispatcher.groups(),
                                        names = std::move(names),
                                        done = std::move(done)] { done(groups.described(names)); });
}

void KafkaService::hold_group(const std::string& group, bool is_forced,
                              std::function<void(const Result<GroupHold>&)> done) {
  const std::shared_ptr<Mailbox> mailbox = parts_->server.loop->mailbox();
  mailbox->post(
      [&groups = parts_->dispatcher.groups(), mailbox, group, is_forced, done = std::move(done)] {
        if (const Result<void> held = groups.hold(group, is_forced); !held)
          return done(held.error());
        // The loop ends before the dispatcher: what is posted then is destroyed.
        done(GroupHold(static_cast<const void*>(&groups), [&groups, mailbox, group](const void*) {
          mailbox->post([&groups, group] { groups.release(group); });
        }));
      });
}

void KafkaService::stop(std::chrono::milliseconds grace) {
  parts_->server.loop->stop(grace);
}

}  // namespace millrace::kafka
