#include "actors/receiver/external/handed_out.hpp"

namespace millrace::receivers {

void HandedOut::add(std::string token, Held held) {
  tokens_.emplace(std::pair(held.queue, held.grant.lease), token);
  held_.emplace(std::move(token), std::move(held));
}

HandedOut::Standing HandedOut::standing(const std::string& token) const {
  const auto held = held_.find(token);
  if (held != held_.end()) {
    return held->second.is_settling ? Standing::settling : Standing::held;
  }
  return finished_.contains(token) ? Standing::finished : Standing::unknown;
}

HandedOut::Held* HandedOut::find(const std::string& token) {
  const auto held = held_.find(token);
  return held == held_.end() ? nullptr : &held->second;
}

void HandedOut::begin(const std::string& token) {
  held_.at(token).is_settling = true;
}

std::string HandedOut::token_of(queues::QueueNumber queue, queues::LeaseId lease) const {
  const auto token = tokens_.find({queue, lease});
  return token == tokens_.end() ? std::string() : token->second;
}

void HandedOut::end(const std::string& token, bool is_durable, SteadyUs now_us) {
  const auto held = held_.find(token);
  tokens_.erase({held->second.queue, held->second.grant.lease});
  held_.erase(held);
  if (!is_durable) return;
  if (!finished_.emplace(token, now_us).second) return;
  finished_order_.push_back({now_us, token});
  if (finished_order_.size() <= finished_max) return;
  finished_.erase(finished_order_.front().token);
  finished_order_.pop_front();
}

std::optional<HandedOut::Held> HandedOut::take(const std::string& token) {
  const auto held = held_.find(token);
  if (held == held_.end() || held->second.is_settling) return std::nullopt;
  std::optional<Held> taken = std::move(held->second);
  tokens_.erase({taken->queue, taken->grant.lease});
  held_.erase(held);
  return taken;
}

std::vector<std::string> HandedOut::held_of(queues::QueueNumber queue) const {
  std::vector<std::string> held;
  for (auto token = tokens_.lower_bound({queue, 0});
       token != tokens_.end() && token->first.first == queue; ++token) {
    held.push_back(token->second);
  }
  return held;
}

std::vector<std::string> HandedOut::held_in(std::uint64_t session) const {
  std::vector<std::string> held;
  for (const auto& [token, one] : held_) {
    if (one.session == session) held.push_back(token);
  }
  return held;
}

std::vector<std::string> HandedOut::drop(queues::QueueNumber queue) {
  std::vector<std::string> dropped;
  auto token = tokens_.lower_bound({queue, 0});
  while (token != tokens_.end() && token->first.first == queue) {
    held_.erase(token->second);
    dropped.push_back(std::move(token->second));
    token = tokens_.erase(token);
  }
  return dropped;
}

void HandedOut::forget_ended(SteadyUs now_us) {
  std::erase_if(held_, [&](const auto& one) {
    const Held& held = one.second;
    if (held.is_settling || held.until_us >= now_us) return false;
    tokens_.erase({held.queue, held.grant.lease});
    return true;
  });
  while (!finished_order_.empty() &&
         time_after(finished_order_.front().at_us, remembered_us_) < now_us) {
    finished_.erase(finished_order_.front().token);
    finished_order_.pop_front();
  }
}

}  // namespace millrace::receivers
