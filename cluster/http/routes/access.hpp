// AccessControl: who may call what. The rules are in docs/http.md, "Who may do what".
#pragma once

#include <optional>
#include <string>

#include "cluster/http/message/http_message.hpp"
#include "cluster/http/routes/refusal_counter.hpp"

namespace millrace::http {

/// For one thread.
class AccessControl {
 public:
  /// `token`: empty: none is asked for. `listen_host`: the host that the node listens on, which
  /// clients without a token may name beside loopback.
  AccessControl(std::string token, std::string listen_host)
      : token_(std::move(token)), listen_host_(std::move(listen_host)) {}

  /// The refusal of a request at `now`, with its path filled in; nullopt if it is allowed.
  [[nodiscard]] std::optional<HttpResponse> refuse(const HttpRequest& request, SteadyTime now);

 private:
  [[nodiscard]] bool has_token(const HttpRequest& request) const;
  [[nodiscard]] HttpResponse refuse_token(const HttpRequest& request, SteadyTime now);

  const std::string token_;
  const std::string listen_host_;
  RefusalCounter refusals_{};
};

/// The host of a Host field, without port and brackets.
[[nodiscard]] std::string_view host_of(std::string_view field);

}  // namespace millrace::http
