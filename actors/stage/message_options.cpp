#include "actors/stage/message_options.hpp"

#include <algorithm>

#include "messages/envelope.hpp"

namespace millrace {
namespace {

bool has_header(const pb::Envelope& envelope, const std::string& name) {
  return std::any_of(envelope.header().begin(), envelope.header().end(),
                     [&name](const pb::Header& each) { return each.name() == name; });
}

std::string check_headers(const Headers& headers) {
  if (headers.size() > headers_max) {
    return "headers: expected at most " + std::to_string(headers_max) + ", got " +
           std::to_string(headers.size());
  }
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const std::string& name = headers[i].name;
    const bool is_name =
        !name.empty() && name.size() <= header_name_bytes_max &&
        std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > ' ' && c <= '~'; });
    if (!is_name) {
      return "headers: expected names of 1 to " + std::to_string(header_name_bytes_max) +
             " printable characters without blanks";
    }
    for (std::size_t other = 0; other < i; ++other) {
      if (headers[other].name == name)
        return "headers: expected each name once, got " + name + " twice";
    }
  }
  if (const std::size_t bytes = bytes_of(headers); bytes > headers_bytes_max) {
    return "headers: expected at most " + std::to_string(headers_bytes_max) + " bytes, got " +
           std::to_string(bytes);
  }
  return {};
}

}  // namespace

std::size_t bytes_of(const Headers& headers) {
  std::size_t bytes = 0;
  for (const Header& each : headers) bytes += each.name.size() + each.value.size();
  return bytes;
}

std::string check_options(const MessageOptions& options) {
  if (options.priority < -1 || options.priority > priority_max) {
    return "priority: expected 0 to " + std::to_string(priority_max) + ", got " +
           std::to_string(options.priority);
  }
  if (options.delay.count() < 0) return "delay: expected 0 or more";
  if (options.expires_in.count() < 0) return "expires_in: expected 0 or more";
  return options.headers.empty() ? std::string() : check_headers(options.headers);
}

void set_times(pb::Envelope& envelope, const MessageOptions& options, TimeUs now_us) {
  if (const DurationUs delay_us = options.delay.count(); delay_us > 0) {
    envelope.set_not_before_us(time_after(now_us, delay_us));
    envelope.set_delay_us(std::min<DurationUs>(delay_us, time_max_us));
  }
  if (const DurationUs expires_in_us = options.expires_in.count(); expires_in_us > 0) {
    envelope.set_expires_at_us(time_after(now_us, expires_in_us));
  }
}

void set_headers(pb::Envelope& envelope, const MessageOptions& options, const pb::Envelope* input) {
  for (const Header& each : options.headers) {
    pb::Header& header = *envelope.add_header();
    header.set_name(each.name);
    header.set_value(each.value);
  }
  if (input == nullptr || input->header_size() == 0) return;
  std::size_t bytes = bytes_of(options.headers);
  const auto inherit = [&](const pb::Header& header) {
    const std::size_t more = header.name().size() + header.value().size();
    if (static_cast<std::size_t>(envelope.header_size()) >= headers_max ||
        bytes + more > headers_bytes_max || has_header(envelope, header.name())) {
      return;
    }
    *envelope.add_header() = header;
    bytes += more;
  };
  for (const pb::Header& each : input->header()) {
    if (each.name() == traceparent_header) inherit(each);
  }
  if (!options.inherits_headers) return;
  for (const pb::Header& each : input->header()) inherit(each);
}

}  // namespace millrace
