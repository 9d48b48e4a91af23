#include "apps/bench/load/load_messages.hpp"

#include <charconv>
#include <iterator>
#include <utility>

namespace millrace::bench {
namespace {

/// The value behind `"name":` in a JSON text without blanks; nullopt: it is not there.
std::optional<std::string_view> value_behind(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(at + name.size());
  return rest.substr(0, rest.find_first_of(",}\""));
}

std::optional<std::int64_t> number_behind(std::string_view text, std::string_view name) {
  const auto digits = value_behind(text, name);
  std::int64_t value = 0;
  if (!digits) return std::nullopt;
  const auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), value);
  if (error != std::errc() || end != digits->data() + digits->size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

Result<LoadMessages> LoadMessages::make(const std::string& form, std::string run,
                                        std::uint64_t keys, std::size_t payload_bytes) {
  static constexpr std::pair<Part, std::string_view> placeholders[] = {{Part::run, "{run}"},
                                                                       {Part::number, "{number}"},
                                                                       {Part::sent_us, "{sent_us}"},
                                                                       {Part::key, "{key}"},
                                                                       {Part::fill, "{fill}"}};
  if (form.size() > payload_bytes_max) {
    return Error{ErrorCode::invalid_argument, "expected a form of at most " +
                                                  std::to_string(payload_bytes_max) +
                                                  " bytes, got " + std::to_string(form.size())};
  }
  LoadMessages messages(std::move(run), keys, payload_bytes);
  std::string text;
  for (std::size_t at = 0; at < form.size();) {
    const std::string_view rest = std::string_view(form).substr(at);
    const auto* found = std::begin(placeholders);
    while (found != std::end(placeholders) && !rest.starts_with(found->second)) ++found;
    if (found == std::end(placeholders)) {
      text += form[at++];
      continue;
    }
    if (!text.empty()) messages.parts_.emplace_back(Part::text, std::exchange(text, {}));
    messages.parts_.emplace_back(found->first, std::string());
    at += found->second.size();
  }
  if (!text.empty()) messages.parts_.emplace_back(Part::text, std::move(text));
  return messages;
}

LoadMessage LoadMessages::message(std::uint64_t number, TimeUs now_us) const {
  LoadMessage message{.number = number};
  if (keys_ > 0) message.key = "k" + std::to_string(number % keys_);
  std::optional<std::size_t> fill_at;
  for (const auto& [part, text] : parts_) {
    switch (part) {
      case Part::text:
        message.payload += text;
        break;
      case Part::run:
        message.payload += run_;
        break;
      case Part::number:
        message.payload += std::to_string(number);
        break;
      case Part::sent_us:
        message.payload += std::to_string(now_us);
        break;
      case Part::key:
        message.payload += message.key;
        break;
      case Part::fill:
        if (!fill_at) fill_at = message.payload.size();
        break;
    }
  }
  if (fill_at && message.payload.size() < payload_bytes_) {
    message.payload.insert(*fill_at, payload_bytes_ - message.payload.size(), 'x');
  }
  return message;
}

std::optional<LoadMark> mark_of(std::string_view payload) {
  const auto run = value_behind(payload, R"("run":")");
  const auto number = number_behind(payload, R"("number":)");
  const auto sent_us = number_behind(payload, R"("sent_us":)");
  if (!run || !number || !sent_us) return std::nullopt;
  return LoadMark{
      .run = std::string(*run), .number = static_cast<std::uint64_t>(*number), .sent_us = *sent_us};
}

}  // namespace millrace::bench
