// Options of a log in PostgreSQL: default, unit, range, and the behaviour at the limit.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "actors/log/record_bytes.hpp"
#include "actors/postgres_log/core/seat_choice.hpp"
#include "actors/postgres_log/core/seat_memory.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

struct Options {
  /// Connection string of libpq, with one or several hosts: the primary is found among them. May hold
  /// a password; nothing prints it.
  std::string dsn{};

  /// Schema of the cluster's tables, made by the first process that opens a log in it. See
  /// is_schema_name().
  std::string schema = "millrace";

  /// Name of the cluster: its schema says so, and is refused to any other.
  std::string cluster{};

  /// Name of the seat whose log it is. Up to 128 bytes. any_seat: the engine is a writer and takes the
  /// first seat that is free; see choose_seat(). Then there must be a lease.
  std::string node{};

  /// With any_seat: names of the seats that may be taken, which are made if missing; empty: all in the table.
  std::vector<std::string> seats{};

  /// With any_seat: whether a seat may be taken. Null: all of them.
  std::function<bool(const std::string& name)> may_take{};

  /// Told the seats at each look of open() as writer, and when one was taken. On the thread of open(). May
  /// be null.
  std::function<void(const std::vector<Seat>& seats)> on_look{};

  /// Who takes the seat, told to others: a process that takes a seat with its own name in it does not
  /// wait for the lease. Up to 256 bytes.
  std::string holder{};

  /// Whether the process that calls itself so has ended for sure: then its lease is not waited for. Null:
  /// nobody knows. Called within Engine::open(), may block.
  HasEnded has_ended{};

  /// Told why Engine::open() as writer waits: `storage_locked` (another process holds the seat),
  /// `log_unreachable` (also while a commit waits for the standby) or `storage_full`; again when the code
  /// changes, or, not before tell_interval, the reason. On the thread of open().
  std::function<void(const Error& reason)> on_wait{};

  /// What this process remembers of a seat, and what it is to remember now that it has taken it: a database
  /// that has less is refused. On the thread of Engine::open() as writer. May be null.
  std::function<Result<SeatMemory>(const std::string& name)> remembered{};
  std::function<void(const std::string& name, const SeatMemory& memory)> on_taken{};

  /// How long a seat is held without being renewed; renewed each third of it. At least 1 s, or 0: no
  /// lease, so that whoever opens the log next takes it at once.
  std::chrono::milliseconds lease{0};

  /// Take a server whose commits wait for no standby. Then the loss of that server may lose what was
  /// confirmed: for development only.
  bool allow_unreplicated = false;

  /// Bytes of a segment, which is a table and is released as a whole. 64 KiB to 1 GiB. A group that
  /// reaches the bound is the last one of its segment.
  std::uint64_t segment_bytes = 64U << 20;

  /// Groups that are written at the same time, and connections that write. 1 to 16.
  std::size_t groups_max = 3;

  /// Bytes of one group's frames. 4 KiB to 64 MiB. A larger record is a group of its own. A cold read of
  /// one record reads its whole group.
  std::size_t group_bytes_max = 256U << 10;

  /// Bytes of one record's body, 1 to 64 MiB. append() refuses a larger one with `too_large`.
  std::size_t record_bytes_max = logs::record_bytes_max;

  /// How long the log may be unreachable, or a commit unanswered, before Log::refuses_work(). A server that
  /// does not answer for so long is left if another one is the primary by then.
  std::chrono::milliseconds patience{30'000};

  /// How long stop() waits for a reachable server whose commits are not answered, as without a standby.
  /// An unreachable server is waited for as long as this, at most for `patience`.
  std::chrono::milliseconds stop_patience{10'000};

  /// How long a commit of an opening may take before it is asked, and told, whether it waits for the standby;
  /// and the least time between two reasons of the same outage that are told. At least 10 ms.
  std::chrono::milliseconds tell_interval{5'000};

  /// For one attempt to connect to one host, and to ask what it promises.
  std::chrono::milliseconds connect_timeout{5'000};

  /// Between attempts to reach the server: begins with the first, doubles up to the second.
  std::chrono::milliseconds retry_min{20};
  std::chrono::milliseconds retry_max{2'000};

  /// Interval between attempts to write to a server that has no room.
  std::chrono::milliseconds full_retry{1'000};
};

/// Fails with `invalid_argument`, naming the first option that is out of range.
[[nodiscard]] Result<void> validate(const Options& options);

}  // namespace millrace::postgres_log
