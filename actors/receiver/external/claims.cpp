#include "actors/receiver/external/claims.hpp"

#include <algorithm>
#include <utility>

#include "messages/envelope.hpp"

namespace millrace::receivers {

void Claims::Entry::add(const queues::Grant& grant) {
  messages += static_cast<std::uint32_t>(grant.messages.size());
  bytes += grant.state ? grant.state->size() : 0;
  for (const queues::GrantedMessage& message : grant.messages) bytes += bytes_of(*message.body);
}

void Claims::drop_source(queues::QueueNumber queue) {
  const auto source = sources_.find(queue);
  if (source == sources_.end()) return;
  if (source->second.claimed_for) {
    if (Entry* const entry = find(*source->second.claimed_for)) entry->is_claiming = false;
  }
  sources_.erase(source);
  for (Entry& entry : waits_) {
    std::erase_if(entry.granted, [&](const Granted& one) { return one.queue == queue; });
    entry.messages = 0;
    entry.bytes = 0;
    for (const Granted& one : entry.granted) entry.add(one.grant);
  }
}

std::vector<Granted> Claims::cancel(WaitId id) {
  std::vector<Granted> granted;
  std::erase_if(waits_, [&](Entry& entry) {
    if (entry.wait.id != id) return false;
    granted = std::move(entry.granted);
    return true;
  });
  return granted;
}

void Claims::expire(SteadyUs now_us) {
  for (Entry& entry : waits_) {
    if (entry.wait.until_us <= now_us && !entry.is_claiming) entry.is_done = true;
  }
}

std::optional<SteadyUs> Claims::next_end_us() const {
  std::optional<SteadyUs> next;
  for (const Entry& entry : waits_) {
    if (entry.is_claiming) continue;  // on_claimed() ends it
    if (!next || entry.wait.until_us < *next) next = entry.wait.until_us;
  }
  return next;
}

std::optional<queues::QueueNumber> Claims::free_source() const {
  auto source = sources_.upper_bound(last_claimed_);
  for (std::size_t i = 0; i < sources_.size(); ++i, ++source) {
    if (source == sources_.end()) source = sources_.begin();
    if (source->second.may_have && !source->second.claimed_for) return source->first;
  }
  return std::nullopt;
}

std::vector<ClaimOrder> Claims::next_orders() {
  std::vector<ClaimOrder> orders;
  for (Entry& entry : waits_) {
    if (entry.is_done || entry.is_claiming) continue;
    const auto queue = is_full(entry) ? std::nullopt : free_source();
    if (queue) {
      sources_.at(*queue).claimed_for = entry.wait.id;
      last_claimed_ = *queue;
      entry.is_claiming = true;
      orders.push_back({*queue, entry.wait.max - entry.messages, entry.wait.lease_us});
    } else if (!entry.granted.empty()) {
      entry.is_done = true;
    }
  }
  return orders;
}

std::vector<Granted> Claims::on_granted(queues::QueueNumber queue,
                                        const std::vector<queues::Grant>& grants) {
  std::vector<Granted> unwanted;
  const auto source = sources_.find(queue);
  if (source == sources_.end()) return unwanted;  // it has moved, and its leases have ended
  Entry* const entry = source->second.claimed_for ? find(*source->second.claimed_for) : nullptr;
  for (const queues::Grant& grant : grants) {
    if (entry == nullptr) {
      unwanted.push_back({queue, grant});
      continue;
    }
    entry->add(grant);
    entry->granted.push_back({queue, grant});
  }
  return unwanted;
}

void Claims::on_claimed(queues::QueueNumber queue, bool has_more) {
  const auto source = sources_.find(queue);
  if (source == sources_.end() || !source->second.claimed_for) return;
  if (Entry* const entry = find(*source->second.claimed_for)) entry->is_claiming = false;
  source->second.claimed_for.reset();
  source->second.may_have = has_more;
}

void Claims::on_ready(queues::QueueNumber queue) {
  const auto source = sources_.find(queue);
  if (source != sources_.end()) source->second.may_have = true;
}

std::vector<DoneWait> Claims::take_done() {
  std::vector<DoneWait> done;
  std::erase_if(waits_, [&](Entry& entry) {
    if (!entry.is_done) return false;
    done.push_back({entry.wait.id, std::move(entry.granted)});
    return true;
  });
  return done;
}

Claims::Entry* Claims::find(WaitId id) {
  const auto entry = std::find_if(waits_.begin(), waits_.end(),
                                  [id](const Entry& one) { return one.wait.id == id; });
  return entry == waits_.end() ? nullptr : &*entry;
}

}  // namespace millrace::receivers
