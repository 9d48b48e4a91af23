// ClusterAnswer: the answers of several nodes to one request, made one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cluster/http/message/http_message.hpp"
#include "messages/result.hpp"

namespace millrace::http {

/// Numbers are added, lists joined; of two objects of one queue in a list one is made, likewise. Not thread-safe.
class ClusterAnswer {
 public:
  /// `changes`: the request changes something, so that a missing node is a failure.
  explicit ClusterAnswer(bool changes) : changes_(changes) {}

  /// What `node` answers: a JSON object, or a problem. 404 says that there is no such thing at that node.
  void add(const std::string& node, int status, const std::string& body);
  void add_missing(const std::string& node, const Error& reason);
  /// `shards` shards of `queue` are served by no node that has answered.
  void add_missing_shards(const std::string& queue, std::uint64_t shards);
  /// From now on no missing node counts: what was asked for is complete without.
  void complete() { is_complete_ = true; }

  /// Length of the list, or the number, called `name` of all answers.
  [[nodiscard]] std::uint64_t count(const std::string& name) const;
  [[nodiscard]] const nlohmann::ordered_json& sum() const { return sum_; }

  /// 200 with the sum, in which `missing_nodes` and `missing_shards` name whose part is missing, unless there is none. 404 if no node
  /// has it. Where a change is missing, or no node has answered: 503 with the sum beside the problem.
  [[nodiscard]] HttpResponse response() const;

 private:
  void name_missing(nlohmann::ordered_json& body) const;

  const bool changes_;
  bool is_complete_ = false;
  bool has_answer_ = false;
  nlohmann::ordered_json sum_ = nlohmann::ordered_json::object();
  std::optional<nlohmann::ordered_json> nothing_{};                          ///< the first 404
  nlohmann::ordered_json missing_ = nlohmann::ordered_json::array();         ///< nodes
  nlohmann::ordered_json missing_shards_ = nlohmann::ordered_json::array();  ///< by queue
};

/// Adds the members of `part` to those of `sum`.
void add_json(nlohmann::ordered_json& sum, const nlohmann::ordered_json& part);

/// Takes `scope` out of a query. Returns whether the whole cluster is asked: "cluster", or no scope. Fails with
/// `invalid_argument` for anything but "node" and "cluster".
[[nodiscard]] Result<bool> take_scope(HttpRequest& request);

/// The target of `request`, without its scope and with another `max`, if it is given.
[[nodiscard]] std::string target_for_peers(const HttpRequest& request,
                                           std::optional<std::uint64_t> max);

}  // namespace millrace::http
