#include "cluster/http/message/problem.hpp"

#include <nlohmann/json.hpp>

namespace millrace::http {
namespace {

constexpr int retry_after_s = 1;

}  // namespace

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return 400;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::fenced:
    case ErrorCode::unknown_producer:
    case ErrorCode::out_of_order:
      return 409;
    case ErrorCode::too_large:
      return 413;
    case ErrorCode::not_owner:
      return 421;
    case ErrorCode::expired:
    case ErrorCode::rejected:
    case ErrorCode::key_reused:
      return 422;
    case ErrorCode::backlog_full:
      return 429;
    case ErrorCode::storage_full:
    case ErrorCode::draining:
    case ErrorCode::timeout:
    case ErrorCode::unreachable:
    case ErrorCode::log_unreachable:
      return 503;
    default:
      return 500;
  }
}

const char* reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return status < 500 ? "Refused" : "Internal Server Error";
  }
}

HttpResponse problem(int status, const std::string& code, const std::string& detail) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = nlohmann::ordered_json{
      {"type", "about:blank"},
      {"title", reason_of(status)},
      {"status", status},
      {"code", code},
      {"detail",
       detail}}.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  response.body += '\n';
  return response;
}

HttpResponse problem(const Error& error) {
  HttpResponse response =
      problem(status_of(error.code), std::string(to_string(error.code)), error.message);
  if (response.status == 429 || response.status == 503) {
    response.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
  }
  return response;
}

}  // namespace millrace::http
