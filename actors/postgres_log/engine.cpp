#include "actors/postgres_log/engine.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "actors/postgres_log/checkpoint_store.hpp"
#include "actors/postgres_log/cold_reader.hpp"
#include "actors/postgres_log/core/follow_core.hpp"
#include "actors/postgres_log/fence.hpp"
#include "actors/postgres_log/follower.hpp"
#include "actors/postgres_log/lease.hpp"
#include "actors/postgres_log/log.hpp"
#include "actors/postgres_log/log_tables.hpp"
#include "actors/postgres_log/reachability.hpp"
#include "actors/postgres_log/schema.hpp"
#include "actors/postgres_log/seats.hpp"
#include "actors/postgres_log/stored_files.hpp"

namespace millrace::postgres_log {
namespace {

// Between looks at a seat that another process holds.
constexpr std::chrono::milliseconds seat_retry{100};
// Between two looks, without suspicion that the server was away.
constexpr std::chrono::milliseconds look_gap_min{1'000};

bool waits_for(ErrorCode code) {
  return code == ErrorCode::storage_locked || code == ErrorCode::log_unreachable ||
         code == ErrorCode::storage_full;
}

class OpenedPostgres final : public logs::OpenedLog {
 public:
  OpenedPostgres(logs::Opener opener, const Options& options, Connector& connector,
                 const Interrupt& interrupt, std::unique_ptr<Session> session, LogTables tables,
                 std::uint64_t checkpoint_number)
      : opener_(opener),
        options_(options),
        connector_(connector),
        interrupt_(interrupt),
        session_(std::move(session)),
        tables_(std::move(tables)),
        checkpoint_number_(checkpoint_number),
        files_(options, owner(), connector, interrupt) {
    if (opener == logs::Opener::reader) return;
    lease_ = std::make_unique<Lease>(options_, owner(), connector_);
  }

  [[nodiscard]] std::uint64_t epoch() const override { return tables_.epoch; }
  [[nodiscard]] std::string node() const override { return options_.node; }

  /// Keeps the transaction of a reader open as long as this object.
  void keep(std::unique_ptr<Session> guard) { guard_ = std::move(guard); }

  Result<logs::Recovered> recover(const logs::EntryVisitor& on_entry,
                                  const logs::FrameVisitor& on_frame) override {
    CheckpointVisit checkpoint(tables_.checkpoint ? tables_.checkpoint->number : 0);
    Lsn next = tables_.replay_from();
    return visit([&]() -> Result<void> {
      auto visited = visit_checkpoint(*session_, options_.schema, tables_, checkpoint, on_entry);
      if (visited) visited = visit_log(*session_, options_.schema, tables_, next, on_frame);
      return visited;
    });
  }

  [[nodiscard]] Result<void> check_followed(const logs::FollowMark& mark) const override {
    return postgres_log::check_followed(
        mark, {.run = tables_.run,
               .seat = tables_.seat,
               .first_lsn = tables_.segments.empty() ? 0 : tables_.segments.front().first_lsn,
               .last_lsn = tables_.last_lsn,
               .replay_from = tables_.replay_from()});
  }

  Result<logs::Recovered> recover_rest(const logs::FollowMark& mark,
                                       const logs::FrameVisitor& on_frame) override {
    Lsn next = mark.last_lsn + 1;
    return visit([&] { return visit_log(*session_, options_.schema, tables_, next, on_frame); });
  }

  Result<void> read(std::span<const Place> places, const PlaceVisitor& visit) override {
    if (reader_ == nullptr) {
      reader_ = std::make_unique<ColdReader>(connector_, interrupt_, options_, tables_.seat,
                                             [this](SegmentNumber segment) -> std::optional<Lsn> {
                                               for (const SegmentInfo& info : tables_.segments) {
                                                 if (info.number == segment) return info.first_lsn;
                                               }
                                               return std::nullopt;
                                             });
    }
    return reader_->read(places, visit);
  }

  [[nodiscard]] logs::FileStore* files() override { return &files_; }

  Result<std::unique_ptr<logs::Log>> start(logs::Listener& listener) override {
    if (interrupt_.is_raised()) return Error{ErrorCode::draining, "the opening was cancelled"};
    reader_.reset();
    session_.reset();
    return std::unique_ptr<logs::Log>(std::make_unique<PostgresLog>(
        options_, connector_, tables_, checkpoint_number_, std::move(lease_), listener));
  }

 private:
  [[nodiscard]] Owner owner() const {
    return {options_.schema, options_.node, tables_.seat, tables_.epoch};
  }

  // Reads by `read`, which goes on where it broke off.
  Result<logs::Recovered> visit(const std::function<Result<void>()>& read) {
    Backoff backoff(options_.retry_min, options_.retry_max);
    while (true) {
      const Result<void> visited = read();
      if (visited) break;
      // What a reader sees is as of its transaction, which is lost.
      const bool may_go_on = opener_ == logs::Opener::writer && !session_->is_usable();
      if (visited.error().code != ErrorCode::log_unreachable || !may_go_on) return visited.error();
      if (auto connected = connect_again(backoff); !connected) return connected.error();
    }
    logs::Recovered recovered{.last_lsn = tables_.last_lsn,
                              .replay_from = tables_.replay_from(),
                              .has_checkpoint = tables_.checkpoint.has_value(),
                              .warnings = {}};
    if (connector_.is_unreplicated()) {
      recovered.warnings.push_back(
          "commits are on one server only, as log.postgres.allow_unreplicated allows: its loss may "
          "lose what was confirmed");
    }
    return recovered;
  }

  // The log is still as it was found if the epoch is: only the owner changes it.
  Result<void> connect_again(Backoff& backoff) {
    while (backoff.wait(interrupt_)) {
      auto session = connector_.connect(interrupt_);
      Result<void> owned =
          session ? begin_owned(**session, owner()) : Result<void>(session.error());
      if (owned) {
        (*session)->roll_back();
        session_ = *std::move(session);
        return {};
      }
      if (owned.error().code != ErrorCode::log_unreachable) return owned;
      connector_.leave_host();
    }
    return Error{ErrorCode::draining, "the opening was cancelled"};
  }

  const logs::Opener opener_;
  const Options options_;
  Connector& connector_;
  const Interrupt& interrupt_;
  std::unique_ptr<Session> session_;  ///< null after start(); in no transaction
  std::unique_ptr<Session> guard_;    ///< of a reader: in the transaction that keeps the tables
  const LogTables tables_;
  const std::uint64_t checkpoint_number_;
  StoredFiles files_;
  std::unique_ptr<Lease> lease_;        ///< of a writer; null after start()
  std::unique_ptr<ColdReader> reader_;  ///< of read(); null before the first call
};

}  // namespace

/// What the attempts of one opening have in common.
struct PostgresEngine::Opening {
  explicit Opening(const Options& options)
      // Holders reconnect within retry_max, and renew then.
      : trust(options.lease + options.retry_max,
              std::max<std::chrono::milliseconds>(options.lease / 3, look_gap_min)),
        told(options.tell_interval),
        less(options.patience) {}

  LeaseTrust trust;
  ToldReason told;
  LessFound less;
  std::unique_ptr<Session> session{};  ///< null, or of the attempt before; taken by what was opened
  std::string schema_id{};             ///< as that session has found it
};

PostgresEngine::PostgresEngine(const Options& options) : options_(options) {
  if (const auto valid = validate(options_); !valid) {
    refused_ = valid.error();
    return;
  }
  auto dsn = Dsn::parse(options_.dsn);
  if (!dsn) {
    refused_ = dsn.error();
    return;
  }
  connector_ = std::make_unique<Connector>(*std::move(dsn), options_.allow_unreplicated,
                                           options_.connect_timeout, options_.patience);
}

PostgresEngine::~PostgresEngine() = default;

std::string PostgresEngine::where() const {
  if (connector_ == nullptr) return "PostgreSQL";
  return connector_->dsn().where() + ", schema " + options_.schema + ", node " + options_.node;
}

std::unique_ptr<logs::Follower> PostgresEngine::follow(const std::string& node,
                                                       std::chrono::milliseconds interval) {
  if (refused_) return nullptr;
  Options options = options_;
  options.node = node;
  return std::make_unique<PostgresFollower>(std::move(options), *connector_, interval);
}

Result<std::string> PostgresEngine::choose(Session& session, LeaseTrust& trust) const {
  const bool is_any = options_.node == any_seat;
  const std::vector<std::string> names =
      is_any ? options_.seats : std::vector<std::string>{options_.node};
  auto seats = list_seats(session, options_.schema);
  if (!seats) return seats.error();
  bool is_added = false;
  for (const std::string& name : names) {
    const auto is_it = [&](const Seat& seat) {
      return seat.name == name;
    };
    if (std::any_of(seats->begin(), seats->end(), is_it)) continue;
    if (auto added = add_seat(session, options_.schema, name); !added) return added.error();
    is_added = true;
  }
  if (is_added) seats = list_seats(session, options_.schema);
  if (!seats) return seats.error();
  if (options_.on_look) options_.on_look(*seats);
  std::vector<std::string> allowed;
  for (const Seat& seat : *seats) {
    const bool is_named =
        names.empty() || std::find(names.begin(), names.end(), seat.name) != names.end();
    if (is_named && (!is_any || !options_.may_take || options_.may_take(seat.name))) {
      allowed.push_back(seat.name);
    }
    // take_log() says why.
    if (!is_any && is_named && (has_moved(seat) || awaits_copy(seat))) return options_.node;
  }
  const SteadyUs now_us = to_us(std::chrono::steady_clock::now().time_since_epoch());
  trust.on_answer(now_us);
  SeatChoice choice = choose_seat(*seats, &allowed, options_.holder, options_.has_ended,
                                  trust.is_justified(now_us));
  if (choice.take) return *std::move(choice.take);
  return Error{ErrorCode::storage_locked, (is_any ? "standby: " : "the seat ") + choice.reason};
}

Result<void> PostgresEngine::check_remembered(Opening& opening, const std::string& name,
                                              const SeatMemory& found) const {
  if (!options_.remembered) return {};
  const auto remembered = options_.remembered(name);
  if (!remembered) return remembered.error();
  auto checked = check_memory(name, *remembered, found,
                              connector_->dsn().where() + ", schema " + options_.schema + ",");
  if (checked || opening.less.counts(to_us(std::chrono::steady_clock::now().time_since_epoch())))
    return checked;
  return Error{ErrorCode::log_unreachable, checked.error().message};
}

Result<void> PostgresEngine::connect(logs::Opener opener, Opening& opening) {
  auto connected = connector_->connect(interrupt_);
  if (!connected) return connected.error();
  opening.session = *std::move(connected);
  if (opener == logs::Opener::reader) return {};
  watch_standby(opening);
  Session& session = *opening.session;
  Result<SchemaFacts> facts = look_at_schema(session, options_.schema, options_.cluster);
  if (!facts) return facts.error();
  // A new one would be in the way of who restores it.
  if (facts->version == 0 && options_.node != any_seat) {
    if (auto checked = check_remembered(opening, options_.node, {}); !checked) return checked;
  }
  if (facts->version != schema_version) {
    facts = make_schema(session, options_.schema, options_.cluster);
    if (!facts) return facts.error();
  }
  opening.schema_id = facts->id;
  return {};
}

void PostgresEngine::watch_standby(Opening& opening) {
  using Clock = std::chrono::steady_clock;
  opening.session->watch(options_.tell_interval,
                         [this, &opening, session = opening.session.get(), has_asked = false,
                          left_at = Clock::now() + options_.patience]() mutable {
                           // One question at a time: the answer may have come meanwhile.
                           if (std::exchange(has_asked, true) && Clock::now() >= left_at) {
                             has_asked = false;
                             left_at = Clock::now() + options_.patience;
                             return connector_->is_in_vain(session->server(), 0, interrupt_);
                           }
                           if (const auto why = connector_->awaited_standby(*session, interrupt_)) {
                             tell(opening, {ErrorCode::log_unreachable, *why});
                           }
                           return false;
                         });
}

Result<LogTables> PostgresEngine::take(Opening& opening, const Options& options) const {
  const auto seat = find_seat(*opening.session, options.schema, options.node);
  if (!seat) return seat.error();
  SeatMemory found{.schema = opening.schema_id};
  if (*seat) {
    found.number = (*seat)->number;
    found.epoch = (*seat)->epoch;
  }
  if (auto checked = check_remembered(opening, options.node, found); !checked) {
    return checked.error();
  }
  auto tables = take_log(*opening.session, {options.schema, options.node}, options);
  if (tables && options.on_taken) {
    options.on_taken(options.node,
                     {.schema = opening.schema_id, .number = tables->seat, .epoch = tables->epoch});
  }
  return tables;
}

Result<std::unique_ptr<logs::OpenedLog>> PostgresEngine::open_once(logs::Opener opener,
                                                                   Opening& opening) {
  const bool writes = opener == logs::Opener::writer;
  std::unique_ptr<Session>& session = opening.session;
  if (session == nullptr || !session->is_usable()) {
    if (auto connected = connect(opener, opening); !connected) return connected.error();
  }
  Options options = options_;
  if (writes) {
    auto chosen = choose(*session, opening.trust);
    if (!chosen) return chosen.error();
    options.node = *std::move(chosen);
  }
  auto tables = writes ? take(opening, options)
                       : view_log(*session, {options.schema, options.node}, options.cluster);
  if (!tables) return tables.error();
  std::uint64_t checkpoint_number = 0;
  if (writes && options.on_look) {
    const auto seats = list_seats(*session, options.schema);
    if (!seats) return seats.error();
    options.on_look(*seats);
  }
  if (writes) {
    const auto found = last_checkpoint_number(*session, options.schema, tables->seat);
    if (!found) return found.error();
    checkpoint_number = *found;
    if (tables->checkpoint) {
      checkpoint_number = std::max(checkpoint_number, tables->checkpoint->number);
    }
  }
  if (writes) connector_->watch(*session, interrupt_);
  // The transaction of a reader reads no more than it has: each table that it reads stays locked.
  std::unique_ptr<Session> guard;
  if (!writes) {
    guard = std::move(session);
    auto connected = connector_->connect(interrupt_);
    if (!connected) return connected.error();
    session = *std::move(connected);
  }
  auto opened =
      std::make_unique<OpenedPostgres>(opener, options, *connector_, interrupt_, std::move(session),
                                       *std::move(tables), checkpoint_number);
  opened->keep(std::move(guard));
  return std::unique_ptr<logs::OpenedLog>(std::move(opened));
}

void PostgresEngine::tell(Opening& opening, const Error& reason) const {
  const auto now = std::chrono::steady_clock::now();
  if (options_.on_wait && opening.told.is_new(reason, now)) options_.on_wait(reason);
}

Result<std::unique_ptr<logs::OpenedLog>> PostgresEngine::open(logs::Opener opener) {
  if (refused_) return *refused_;
  if (opener == logs::Opener::reader && options_.node == any_seat) {
    return Error{ErrorCode::invalid_argument,
                 "node: expected the name of a node to read, got \"*\""};
  }
  Backoff backoff(options_.retry_min, options_.retry_max);
  Opening opening(options_);
  while (true) {
    if (interrupt_.is_raised()) return Error{ErrorCode::draining, "the opening was cancelled"};
    auto opened = open_once(opener, opening);
    if (opened || opener == logs::Opener::reader) return opened;
    const ErrorCode code = opened.error().code;
    if (waits_for(code)) tell(opening, opened.error());
    if (code == ErrorCode::storage_locked) {
      backoff.reset();
      if (!pause(interrupt_, seat_retry)) continue;
    } else if (code == ErrorCode::log_unreachable || code == ErrorCode::storage_full) {
      opening.session.reset();
      connector_->leave_host();
      if (!backoff.wait(interrupt_)) continue;
    } else if (code != ErrorCode::draining) {
      return opened;
    }
  }
}

}  // namespace millrace::postgres_log
