#include "actors/runtime/new_envelope.hpp"

#include <utility>

#include "actors/stage/message_options.hpp"
#include "messages/bounds.hpp"
#include "messages/envelope.hpp"

namespace millrace {

Result<std::unique_ptr<pb::Envelope>> new_envelope(std::string key, std::string payload,
                                                   MessageOptions options, TimeUs now_us) {
  if (auto refused = check_sizes({.key = key.size(),
                                  .payload = payload.size(),
                                  .idempotency_key = options.idempotency_key.size()})) {
    return *std::move(refused);
  }
  if (std::string error = check_options(options); !error.empty()) {
    return Error{ErrorCode::invalid_argument, std::move(error)};
  }
  auto envelope = std::make_unique<pb::Envelope>();
  envelope->set_key(std::move(key));
  envelope->set_payload(std::move(payload));
  envelope->set_born_at_us(now_us);
  if (options.priority >= 0) set_priority(*envelope, options.priority);
  set_times(*envelope, options, now_us);
  set_headers(*envelope, options);
  if (!options.idempotency_key.empty()) {
    envelope->set_idempotency_key(std::move(options.idempotency_key));
  }
  return envelope;
}

}  // namespace millrace
