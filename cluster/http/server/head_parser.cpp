#include "cluster/http/server/head_parser.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "cluster/http/message/beast.hpp"
#include "cluster/http/message/problem.hpp"
#include "cluster/http/server/server_options.hpp"

namespace millrace::http {
namespace {

HttpResponse bad_request(const std::string& detail) {
  return problem(400, "bad_request", detail);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The library takes "5, 5", and twice the same number, for one; other readers may not.
std::optional<HttpResponse> refuse_length(std::string_view text) {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  const bool has_digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  if (!has_digits) return bad_request("Content-Length: expected one number");
  if (error == std::errc::result_out_of_range) {
    return problem(413, "too_large", "Content-Length: larger than any body that is taken");
  }
  return std::nullopt;
}

/// What the library does not judge, line by line. `fields`: what follows the request line.
std::optional<HttpResponse> refuse_lines(std::string_view fields) {
  std::size_t count = 0;
  std::size_t lengths = 0;
  while (fields.size() > 2) {  // the blank line
    const std::size_t end = std::min(fields.find("\r\n"), fields.size());
    const std::string_view line = fields.substr(0, end);
    fields.remove_prefix(std::min(fields.size(), end + 2));
    if (++count > head_fields_max) {
      return problem(431, "headers_too_large",
                     "expected at most " + std::to_string(head_fields_max) + " header fields");
    }
    if (line.size() > field_bytes_max) {
      return bad_request("expected at most " + std::to_string(field_bytes_max) +
                         " bytes in a header field");
    }
    if (line.starts_with(' ') || line.starts_with('\t')) {
      return bad_request("expected no header field that is folded");
    }
    const std::size_t colon = std::min(line.find(':'), line.size());
    if (!equals_in_any_case(line.substr(0, colon), "Content-Length")) continue;
    if (++lengths > 1) return bad_request("Content-Length: expected it once");
    if (auto refusal = refuse_length(trim(line.substr(std::min(colon + 1, line.size()))))) {
      return refusal;
    }
  }
  return std::nullopt;
}

std::optional<HttpResponse> refuse_fields(const HttpRequest& request, bool is_http_1_0) {
  const std::size_t hosts = request.count("Host");
  if (hosts > 1 || (hosts == 0 && !is_http_1_0)) return bad_request("Host: expected it once");
  if (hosts == 1 && !is_host_field(request.field("Host"))) {
    return bad_request("Host: expected a name or an address, and a port or none");
  }
  if (request.count("Transfer-Encoding") > 0) {
    return problem(411, "length_required", "expected a Content-Length, not Transfer-Encoding");
  }
  if (request.count("Content-Encoding") > 0 &&
      !equals_in_any_case(request.field("Content-Encoding"), "identity")) {
    return problem(415, "unsupported_media_type", "expected no Content-Encoding");
  }
  if (request.count("Expect") > 0 && !equals_in_any_case(request.field("Expect"), "100-continue")) {
    return problem(417, "bad_request", "Expect: expected 100-continue");
  }
  return std::nullopt;
}

}  // namespace

bool is_host_field(std::string_view text) {
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  const std::size_t colon = text.find(':', bracket);
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  const auto is_host_character = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~%!$&'()*+;=[]:").find(c) != std::string_view::npos;
  };
  return !host.empty() && host.size() <= 255 &&
         std::all_of(host.begin(), host.end(), is_host_character) && port.size() <= 5 &&
         port.find_first_not_of("0123456789") == port.npos;
}

std::variant<ParsedHead, HttpResponse> parse_head(std::string_view head) {
  const std::size_t first_line = head.find("\r\n");
  if (first_line == std::string_view::npos) return bad_request("expected a request line");
  if (auto refusal = refuse_lines(head.substr(first_line + 2))) return std::move(*refusal);

  beast_http::request_parser<beast_http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(head_bytes_max) + 1);
  parser.body_limit(~std::uint64_t{0});  // the handler says how much it takes
  NetError error;
  const std::size_t used = parser.put(net::buffer(head.data(), head.size()), error);
  if (error) return bad_request("this is no HTTP/1.1 request: " + error.message());
  if (!parser.is_header_done() || used != head.size()) {
    return bad_request("this is no HTTP/1.1 request");
  }
  const auto& message = parser.get();
  if (message.version() != 11 && message.version() != 10) {
    return bad_request("expected HTTP/1.1 or HTTP/1.0");
  }
  ParsedHead parsed;
  HttpRequest& request = parsed.request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  request.fields.reserve(8);
  for (const auto& field : message) {
    request.fields.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  parsed.is_http_1_0 = message.version() == 10;
  parsed.keeps_alive = parser.keep_alive();
  if (auto refusal = refuse_fields(request, parsed.is_http_1_0)) return std::move(*refusal);
  if (const auto length = parser.content_length()) request.content_length = *length;
  parsed.expects_continue = request.count("Expect") > 0 && !parsed.is_http_1_0;
  return parsed;
}

}  // namespace millrace::http
