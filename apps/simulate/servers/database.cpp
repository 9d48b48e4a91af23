#include "apps/simulate/servers/database.hpp"

#include <chrono>
#include <utility>

namespace millrace::servers {
namespace {

constexpr std::chrono::milliseconds change_interval{20};

std::string dsn_of(const std::filesystem::path& a, const std::filesystem::path& b) {
  return "host=" + a.string() + "," + b.string() +
         " port=5432 user=millrace dbname=postgres target_session_attrs=read-write";
}

}  // namespace

Result<std::unique_ptr<Database>> Database::start(const std::filesystem::path& directory,
                                                  const std::function<bool()>& is_interrupted) {
  std::unique_ptr<Database> database(new Database(directory));
  database->thread_ = std::thread([&own = *database] { own.run(); });
  std::unique_lock lock(database->mutex_);
  while (database->is_working_) {
    database->changed_.wait_for(lock, change_interval);
    if (is_interrupted()) database->is_cancelled_ = true;
  }
  const auto failure = database->failure_;
  lock.unlock();
  if (failure) return *failure;
  return database;
}

Database::~Database() {
  is_cancelled_ = true;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Database::run() {
  const auto pair = ServerPair::start({.directory = directory_, .is_cancelled = &is_cancelled_});
  std::unique_lock lock(mutex_);
  if (!pair) failure_ = pair.error();
  is_working_ = false;
  changed_.notify_all();
  while (pair) {
    changed_.wait(lock, [&] { return is_stopping_ || !requested_.empty(); });
    if (is_stopping_) return;
    const Work work = std::move(requested_.front());
    requested_.pop_front();
    is_working_ = true;
    lock.unlock();
    const Result<void> done = work(**pair);
    lock.lock();
    is_working_ = false;
    if (!done && !failure_) failure_ = done.error();
  }
}

void Database::request(Work work) {
  {
    const std::lock_guard lock(mutex_);
    requested_.push_back(std::move(work));
  }
  changed_.notify_all();
}

Result<bool> Database::is_idle() const {
  const std::lock_guard lock(mutex_);
  if (failure_) return *failure_;
  return requested_.empty() && !is_working_;
}

std::filesystem::path Database::socket_directory(const char* server) const {
  return directory_ / (std::string(server) + "-socket");
}

std::string Database::dsn() const {
  return dsn_of(socket_directory("a"), socket_directory("b"));
}

std::string Database::make_link(std::size_t process) {
  const auto lead = [&](const char* server) {
    return std::make_unique<SocketProxy>(directory_ / ("p" + std::to_string(process) + server),
                                         socket_directory(server) / ".s.PGSQL.5432");
  };
  links_.push_back({lead("a"), lead("b")});
  return dsn_of(links_.back().to_a->directory(), links_.back().to_b->directory());
}

void Database::cut(std::size_t process, Cut cut) {
  if (process >= links_.size()) return;
  for (const auto* link : {&links_[process].to_a, &links_[process].to_b}) {
    (*link)->hold_all(cut == Cut::silent);
    (*link)->cut(cut == Cut::closed);
  }
}

}  // namespace millrace::servers
