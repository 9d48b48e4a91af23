#include "cluster/transport/net/holder_links.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actors/base/assert.hpp"
#include "cluster/transport/links/connection.hpp"
#include "cluster/transport/links/transport_options.hpp"
#include "cluster/transport/net/socket.hpp"
#include "cluster/transport/protocol/death_core.hpp"
#include "cluster/transport/protocol/hello_check.hpp"

namespace millrace::transport {
namespace {

/// A holder is as patient with a standby as with a peer; a paused one keeps its link, which says nothing.
constexpr LinkTimes times{.hello_us = 5'000'000, .ping_us = 1'000'000, .silence_us = 10'000'000};
constexpr std::size_t frame_bytes_max = 64 * 1024;  ///< none is expected
constexpr int look_ms = 20;

SteadyUs steady_us() {
  return to_us(std::chrono::steady_clock::now().time_since_epoch());
}

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

/// The link to one holder, of the thread.
class HolderLink {
 public:
  using MakeChannel = std::function<std::unique_ptr<Channel>()>;

  HolderLink(HolderLinks::Holder holder, const NodeIdentity& own, MakeChannel make_channel,
             bool is_loopback_only)
      : holder_(std::move(holder)),
        own_(own),
        make_channel_(std::move(make_channel)),
        is_loopback_only_(is_loopback_only) {}

  [[nodiscard]] const HolderLinks::Holder& holder() const { return holder_; }
  [[nodiscard]] bool is_dead() const { return core_.is_dead(); }
  [[nodiscard]] bool is_up() const { return connection_ && connection_->is_up(); }
  /// What to wait for; descriptor -1: nothing.
  [[nodiscard]] pollfd waits_for() const {
    const bool writes = is_connecting_ || !out_.empty();
    return {socket_.get(), static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), 0};
  }

  void tick(SteadyUs now_us) {
    if (connection_) return handle_all(connection_->tick(now_us), now_us);
    if (!core_.may_dial(now_us) || holder_.address.host.empty()) return;
    dial(now_us);
  }

  void on_ready(short events, SteadyUs now_us) {
    if (is_connecting_) {
      int error = 0;
      socklen_t size = sizeof error;
      if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
      if (error != 0) return end(fate_of(error), now_us);
      if ((events & POLLOUT) == 0) return;
      is_connecting_ = false;
    }
    if ((events & POLLOUT) != 0 && !flush(now_us)) return;
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) read(now_us);
  }

 private:
  static LinkFate fate_of(int error) {
    if (error == ECONNREFUSED) return LinkFate::refused;
    return error == ECONNRESET || error == EPIPE ? LinkFate::closed : LinkFate::lost;
  }

  void dial(SteadyUs now_us) {
    const auto addresses = resolve(holder_.address);
    if (!addresses) return core_.on(LinkFate::lost, now_us);
    const SocketAddress& address = addresses->front();
    if (is_loopback_only_ && !is_loopback(address.host())) {
      return core_.on(LinkFate::lost, now_us);
    }
    int error = 0;
    const auto fd = transport::dial(address, &error);
    if (!fd) return core_.on(fate_of(error), now_us);
    socket_ = Descriptor(*fd);
    is_connecting_ = true;
    connection_.emplace(make_channel_(), LinkCore(frame_bytes_max, times, now_us),
                        make_hello(own_));
    connection_->pour(out_);
  }

  void read(SteadyUs now_us) {
    std::array<char, 4096> bytes{};
    for (;;) {
      const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (count <= 0) return end(count == 0 ? LinkFate::closed : fate_of(errno), now_us);
      connection_->receive({bytes.data(), static_cast<std::size_t>(count)}, now_us);
      handle_all(connection_->next(), now_us);
      if (!connection_) return;
    }
  }

  void handle_all(LinkEvent event, SteadyUs now_us) {
    for (; !std::holds_alternative<std::monostate>(event); event = connection_->next()) {
      if (const auto* const hello = std::get_if<HelloReceived>(&event)) {
        const bool is_it = hello->hello.node() == holder_.node &&
                           hello->hello.cluster() == own_.cluster &&
                           hello->hello.incarnation() == holder_.incarnation &&
                           connection_->certifies(holder_.node);
        if (!is_it) return end(LinkFate::lost, now_us);
        connection_->welcome(0);
      } else if (std::holds_alternative<LinkUp>(event)) {
        core_.on(LinkFate::up, now_us);
        if (!std::exchange(was_up_, true)) {
          spdlog::info("standby: watches the process of node {} at {}:{}", holder_.node,
                       holder_.address.host, holder_.address.port);
        }
      } else if (const auto* const closed = std::get_if<LinkClosed>(&event)) {
        // Of its own accord this side ends a link that is silent; a goodbye is an end by the other side.
        const bool is_silent = closed->reason.code == ErrorCode::timeout;
        return end(is_silent ? LinkFate::lost : LinkFate::closed, now_us);
      }
    }
    connection_->pour(out_);
    static_cast<void>(flush(now_us));
  }

  // Returns false if the link has ended.
  bool flush(SteadyUs now_us) {
    while (!is_connecting_ && !out_.empty()) {
      const ssize_t count = ::send(socket_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
      if (count < 0) {
        end(fate_of(errno), now_us);
        return false;
      }
      out_.erase(out_.begin(), out_.begin() + count);
    }
    return true;
  }

  void end(LinkFate fate, SteadyUs now_us) {
    connection_.reset();
    socket_ = Descriptor();
    out_.clear();
    is_connecting_ = false;
    core_.on(fate, now_us);
  }

  const HolderLinks::Holder holder_;
  const NodeIdentity& own_;
  const MakeChannel make_channel_;
  const bool is_loopback_only_;
  DeathCore core_;
  Descriptor socket_;
  std::optional<Connection> connection_;  ///< empty: no link, and none is being made
  bool is_connecting_ = false;
  bool was_up_ = false;
  std::vector<char> out_;
};

}  // namespace

class HolderLinks::Parts {
 public:
  Parts(const Options& options, std::shared_ptr<const TlsContext> tls)
      : own_{.cluster = options.cluster,
             .node = std::string(standby_name),
             .incarnation = 0,
             .protocol_version = options.protocol_version},
        tls_(std::move(tls)),
        wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    MILLRACE_ASSERT(wake_.get() >= 0);
    thread_ = std::thread([this] { run(); });
  }
  ~Parts() {
    is_stopping_ = true;
    wake();
    thread_.join();
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  void set_holders(std::vector<Holder> holders) {
    const std::lock_guard lock(mutex_);
    wanted_ = std::move(holders);
    std::erase_if(dead_, [this](const std::string& process) {
      return std::none_of(wanted_.begin(), wanted_.end(),
                          [&](const Holder& holder) { return holder.process == process; });
    });
  }
  [[nodiscard]] bool has_died(const std::string& process) const {
    const std::lock_guard lock(mutex_);
    return dead_.contains(process);
  }
  [[nodiscard]] bool is_linked(const std::string& process) const {
    const std::lock_guard lock(mutex_);
    return linked_.contains(process);
  }

 private:
  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
  }

  void run() {
    while (!is_stopping_) {
      update();
      std::vector<pollfd> fds{{wake_.get(), POLLIN, 0}};
      for (const auto& link : links_) fds.push_back(link->waits_for());
      ::poll(fds.data(), fds.size(), look_ms);
      const SteadyUs now_us = steady_us();
      for (std::size_t i = 0; i < links_.size(); ++i) {
        if (fds[i + 1].fd >= 0 && fds[i + 1].revents != 0) {
          links_[i]->on_ready(fds[i + 1].revents, now_us);
        }
        links_[i]->tick(now_us);
        if (links_[i]->is_dead()) note_death(links_[i]->holder());
      }
      note_linked();
    }
  }

  void note_linked() {
    std::set<std::string> linked;
    for (const auto& link : links_) {
      if (link->is_up()) linked.insert(link->holder().process);
    }
    const std::lock_guard lock(mutex_);
    linked_ = std::move(linked);
  }

  void note_death(const Holder& holder) {
    const std::lock_guard lock(mutex_);
    const bool is_wanted = std::any_of(wanted_.begin(), wanted_.end(), [&](const Holder& each) {
      return each.process == holder.process;
    });
    if (!is_wanted || !dead_.insert(holder.process).second) return;
    spdlog::info(
        "standby: the process of node {} at {}:{} has died: its kernel closed the link and "
        "refuses another one",
        holder.node, holder.address.host, holder.address.port);
  }

  void update() {
    std::vector<Holder> wanted;
    {
      const std::lock_guard lock(mutex_);
      wanted = wanted_;
    }
    const auto is_of = [](const HolderLink& link, const Holder& holder) {
      return link.holder().process == holder.process && link.holder().node == holder.node &&
             link.holder().incarnation == holder.incarnation &&
             link.holder().address.host == holder.address.host &&
             link.holder().address.port == holder.address.port;
    };
    std::erase_if(links_, [&](const auto& link) {
      return std::none_of(wanted.begin(), wanted.end(),
                          [&](const Holder& holder) { return is_of(*link, holder); });
    });
    for (Holder& holder : wanted) {
      if (std::any_of(links_.begin(), links_.end(),
                      [&](const auto& link) { return is_of(*link, holder); })) {
        continue;
      }
      links_.push_back(std::make_unique<HolderLink>(
          std::move(holder), own_,
          [this]() -> std::unique_ptr<Channel> {
            if (!tls_) return std::make_unique<PlainChannel>();
            return tls_->make_channel(TlsContext::Role::dialing);
          },
          tls_ == nullptr));
    }
  }

  const NodeIdentity own_;
  const std::shared_ptr<const TlsContext> tls_;  ///< null: plain
  const Descriptor wake_;
  std::vector<std::unique_ptr<HolderLink>> links_;  ///< of the thread
  mutable std::mutex mutex_;                        ///< guards the next three
  std::vector<Holder> wanted_;
  std::set<std::string> dead_;    ///< processes of `wanted_`
  std::set<std::string> linked_;  ///< processes of `links_` whose link is up
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

Result<std::unique_ptr<HolderLinks>> HolderLinks::start(const Options& options) {
  std::shared_ptr<const TlsContext> tls;
  if (options.tls) {
    auto loaded = TlsContext::load(*options.tls);
    if (!loaded) return loaded.error();
    tls = std::move(*loaded);
  }
  return std::unique_ptr<HolderLinks>(
      new HolderLinks(std::make_unique<Parts>(options, std::move(tls))));
}

HolderLinks::HolderLinks(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
HolderLinks::~HolderLinks() = default;

void HolderLinks::set_holders(std::vector<Holder> holders) {
  parts_->set_holders(std::move(holders));
}

bool HolderLinks::is_linked(const std::string& process) const {
  return parts_->is_linked(process);
}

bool HolderLinks::has_died(const std::string& process) const {
  return parts_->has_died(process);
}

}  // namespace millrace::transport
