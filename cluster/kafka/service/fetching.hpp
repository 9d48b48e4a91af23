// Fetching: one Fetch request, from its first look at the partitions to its answer. In the loop only.
//
//   (room) ─▶ reading ─▶ enough, or an error, or late ─▶ answered
//     ▲          │
//     │      too little
//     │          ▼
//     └─ woken ─ waiting
//
// Each look reads all partitions at once, each with an equal share of the bytes, then those whose next
// record is larger than the share, one after the other, so that none of them is left behind. While it waits
// it holds no records and no room.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "cluster/kafka/protocol/fetch.hpp"
#include "cluster/kafka/service/handler_context.hpp"

namespace millrace::kafka {

class Fetching : public std::enable_shared_from_this<Fetching> {
 public:
  Fetching(const HandlerContext& context, std::shared_ptr<Exchange> exchange,
           const FetchRequest& request);

  void start();
  /// Answers with what there is, now or when the look in progress has ended.
  void hurry();

 private:
  struct Part {
    TopicPartition partition{};
    std::int64_t offset = 0;
    std::size_t bytes_max = 0;
    Code code = Code::none;  ///< by the request itself
    std::optional<Result<Fetched>> found{};
    std::unique_ptr<Watch> watch{};
  };

  void look();
  void read_rest(std::size_t first);
  void on_read();
  void wait();
  void wake();
  void answer();
  [[nodiscard]] bool is_enough() const;
  [[nodiscard]] std::size_t found_bytes() const;

  const HandlerContext context_;
  const std::shared_ptr<Exchange> exchange_;
  const std::size_t bytes_min_;
  const std::size_t bytes_max_;
  const SteadyTime deadline_;
  std::vector<Part> parts_{};
  std::vector<std::size_t> topic_parts_{};  ///< number of parts of each topic of the request
  std::vector<std::string> topic_names_{};
  http::ByteCharge charge_{};
  bool is_reading_ = false;
  bool is_hurried_ = false;
  std::optional<Loop::TimerId> timer_{};
  SteadyTime looked_at_{};
};

}  // namespace millrace::kafka
