// PeerQuestions: carries requests of the HTTP API from the node that was asked to the others, over the links between nodes.
//
//   HTTP ──▶ Router ──▶ PeerQuestions ══ HttpQuestion ══▶ HttpService::answer_peer of each peer
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cluster/calls/peer_calls.hpp"
#include "cluster/http/peer_asker.hpp"
#include "cluster/http/service/http_service.hpp"

namespace millrace::cluster {

class PeerQuestions final : public http::PeerAsker {
 public:
  /// `calls` outlives this object.
  explicit PeerQuestions(calls::PeerCalls& calls) : calls_(calls) {}

  /// `service` answers the questions of other nodes from now on; it outlives their links.
  void serve(http::HttpService& service);

  std::vector<Result<http::PeerAnswer>> ask(const std::vector<std::string>& peers,
                                            const http::PeerQuestion& question,
                                            std::chrono::milliseconds timeout) override;

 private:
  calls::PeerCalls& calls_;
};

}  // namespace millrace::cluster
