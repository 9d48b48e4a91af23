// A served FakeNodeApi, for tests over sockets.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/http/service/http_service.hpp"
#include "tests/http/fake_node_api.hpp"
#include "tests/http/raw_client.hpp"

namespace millrace::http {

inline constexpr const char* offer_path = "/api/v1/queues/in/messages";

class ServedFake : public testing::Test {
 protected:
  void serve(const HttpServiceOptions& options = {}) {
    auto started = HttpService::start(options, api_);
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }
  Answer ask(const std::string& bytes) { return http::ask(server_->address(), bytes); }
  RawClient connect() { return RawClient(server_->address()); }
  void expect_alive() { EXPECT_EQ(ask(request("GET", "/api/v1/status")).status, 200); }

  /// Until so many offers were made, of which none has an outcome yet.
  void wait_for_offers(std::size_t count) {
    std::unique_lock lock(api_.mutex);
    EXPECT_TRUE(api_.offered.wait_for(lock, std::chrono::seconds(20),
                                      [&] { return api_.held_offers.size() >= count; }));
  }
  /// Gives those offers, and later ones, their outcome.
  void release_offers() {
    std::unique_lock lock(api_.mutex);
    api_.holds_offers = false;
    const std::vector<OfferDone> held = std::exchange(api_.held_offers, {});
    lock.unlock();
    for (const OfferDone& done : held) done(Offered{"in", "k", 3});
  }

  FakeNodeApi api_;
  std::unique_ptr<HttpService> server_;
};

}  // namespace millrace::http
