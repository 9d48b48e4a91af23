#include "apps/testing/event_trace.hpp"

#include <array>
#include <cstdio>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "messages/hash.hpp"

namespace millrace::cluster_testing {
namespace {

constexpr std::size_t shown_max = 100;  // characters

std::string seconds(TimeUs at_us) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%9.3f s  ", static_cast<double>(at_us) / 1e6);
  return text.data();
}

std::string payload_of(const std::string& type, const std::string& payload) {
  const auto* const descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (descriptor != nullptr) {
    const auto* const prototype =
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor);
    const std::unique_ptr<google::protobuf::Message> message(prototype->New());
    if (message->ParseFromString(payload)) return message->ShortDebugString();
  }
  return std::to_string(payload.size()) + " bytes";
}

}  // namespace

std::string shown(const std::string& type, const pb::Envelope& envelope) {
  std::string text = "{" + payload_of(type, envelope.payload());
  if (text.size() > shown_max) text = text.substr(0, shown_max) + "…";
  text += "}";
  if (!envelope.key().empty()) text += " key \"" + envelope.key().substr(0, shown_max) + "\"";
  return text;
}

void EventTrace::note(std::string text) {
  note(std::move(text), {}, nullptr);
}

void EventTrace::note(std::string text, const std::string& type,
                      std::shared_ptr<const pb::Envelope> envelope) {
  add(text);
  events_.push_back({at_us_, std::move(text), type, std::move(envelope)});
  if (events_.size() > events_max_) events_.pop_front();
}

void EventTrace::add(std::string_view bytes) {
  hash_ = (hash_ * 31 + static_cast<std::uint64_t>(at_us_)) * 31 + hash_key(bytes);
}

std::vector<std::string> EventTrace::lines() const {
  std::vector<std::string> lines;
  for (const Event& event : events_) {
    std::string line = seconds(event.at_us) + event.text;
    if (event.envelope) line += " " + shown(event.type, *event.envelope);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace millrace::cluster_testing
