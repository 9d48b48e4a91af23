// Promise: a node whose data directory is an older copy of itself, or empty again, says so and
// stops, before a message that it confirmed gets the number of another one and is dropped as its
// duplicate. Two nodes in this process, over real sockets and files.
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/federation/linked_node.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

/// Keeps the first error with which a node would have ended.
class Fatal {
 public:
  void set(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
  }
  [[nodiscard]] std::optional<Error> error() const {
    const std::lock_guard lock(mutex_);
    return error_;
  }
  [[nodiscard]] bool is_outdated() const {
    const auto got = error();
    return got && got->code == ErrorCode::outdated;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Error> error_;
};

class OutdatedDirectory : public ::testing::Test {
 protected:
  std::unique_ptr<LinkedNode> start_a(bool accepts_loss = false, bool is_alone = false) {
    const std::uint16_t port = is_alone || !b_ ? std::uint16_t{1} : b_->transport().port();
    return start({.name = "a",
                  .data_dir = a_dir_.path() / "data",
                  .pipelines = passing(seen_),
                  .peer_port = port},
                 accepts_loss);
  }
  void start_b(bool accepts_loss = false) {
    b_ = start({.name = "b", .data_dir = b_dir_.path() / "data", .pipelines = passing(seen_)},
               accepts_loss);
  }
  std::unique_ptr<LinkedNode> start(LinkedNodeOptions options, bool accepts_loss) {
    options.incarnation = ++incarnation_;
    options.accepts_loss = accepts_loss;
    options.on_fatal = [fatal = fatal_](const Error& error) {
      fatal->set(error);
    };
    return std::make_unique<LinkedNode>(options);
  }

  /// How often messages were handled at b.
  [[nodiscard]] int total() const {
    int sum = 0;
    for (const auto& [name, count] : seen_->counts()) sum += count;
    return sum;
  }
  [[nodiscard]] bool arrived(int messages) const {
    return transport::eventually([&] { return total() >= messages; });
  }
  [[nodiscard]] bool stopped() const {
    return transport::eventually([&] { return fatal_->is_outdated(); });
  }

  static void copy(const fs::path& from, const fs::path& to) {
    fs::remove_all(to);
    fs::copy(from, to, fs::copy_options::recursive);
  }
  void back_up(const journal::TemporaryDirectory& node) {
    copy(node.path() / "data", node.path() / "backup");
  }
  void restore(const journal::TemporaryDirectory& node) {
    copy(node.path() / "backup", node.path() / "data");
  }

  const journal::TemporaryDirectory a_dir_;
  const journal::TemporaryDirectory b_dir_;
  const std::shared_ptr<Seen> seen_ = std::make_shared<Seen>();
  const std::shared_ptr<Fatal> fatal_ = std::make_shared<Fatal>();
  std::uint64_t incarnation_ = 0;
  std::unique_ptr<LinkedNode> b_;
};

TEST_F(OutdatedDirectory, OfANodeThatSendsIsNoticed) {
  start_b();
  auto a = start_a();
  a->enter(10);
  ASSERT_TRUE(arrived(10));
  a.reset();
  back_up(a_dir_);
  a = start_a();
  a->enter(20);
  ASSERT_TRUE(arrived(30));
  a.reset();
  restore(a_dir_);
  // More new messages than the copy lacks, while the link is down.
  a = start_a(false, true);
  a->enter(40);
  a.reset();
  EXPECT_EQ(fatal_->error(), std::nullopt);
  a = start_a();
  ASSERT_TRUE(stopped());
  EXPECT_EQ(total(), 30) << "nothing was taken for a repeat";
  a.reset();

  a = start_a(true);
  EXPECT_TRUE(arrived(70)) << "all that the restored node has confirmed arrives";
  a->enter(5);
  EXPECT_TRUE(arrived(75));
  a.reset();
  a = start_a();
  a->enter(5);
  EXPECT_TRUE(arrived(80)) << "the word was needed once";
}

TEST_F(OutdatedDirectory, OfANodeThatReceivesIsNoticed) {
  start_b();
  b_.reset();
  back_up(b_dir_);
  start_b();
  auto a = start_a();
  a->enter(10);
  ASSERT_TRUE(arrived(10));
  a.reset();
  b_.reset();
  restore(b_dir_);
  start_b();
  a = start_a();
  a->enter(5);
  ASSERT_TRUE(stopped());
  EXPECT_EQ(total(), 10);
  a.reset();
  b_.reset();

  start_b(true);
  a = start_a();
  EXPECT_TRUE(arrived(15)) << "what waited in the outbox arrives, once";
  EXPECT_EQ(total(), 15);
}

TEST_F(OutdatedDirectory, ThatIsEmptyAgainIsNoticed) {
  start_b();
  auto a = start_a();
  a->enter(10);
  ASSERT_TRUE(arrived(10));
  a.reset();
  b_.reset();
  fs::remove_all(b_dir_.path() / "data");
  start_b();
  a = start_a();
  a->enter(1);
  EXPECT_TRUE(stopped());
}

TEST_F(OutdatedDirectory, IsNotSuspectedAfterRestarts) {
  for (int run = 1; run <= 3; ++run) {
    start_b();
    for (int each = 1; each <= 2; ++each) {
      auto alone = start_a(false, true);
      alone->enter(5);
      alone.reset();
    }
    auto a = start_a();
    ASSERT_TRUE(arrived(10 * run));
    a.reset();
    b_.reset();
  }
  EXPECT_EQ(fatal_->error(), std::nullopt);
}

}  // namespace
}  // namespace millrace
