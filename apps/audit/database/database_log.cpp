#include "apps/audit/database/database_log.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>
#include <utility>

#include "apps/audit/database/database.hpp"
#include "apps/audit/database/stored_states.hpp"
#include "apps/audit/format/checksum.hpp"
#include "apps/audit/format/chunk_reader.hpp"
#include "apps/audit/format/frame.hpp"
#include "messages/snapshot.pb.h"

namespace millrace::audit {
namespace {

constexpr std::int64_t schema_version_max = 2;
constexpr std::int64_t keeps_segments = 2;  ///< from this version on the table segments is there
constexpr const char* rows_at_once = "32";  // of a segment; a row has up to 256 KiB, or one record
constexpr std::uint64_t frame_unit = 8;

// The number behind `prefix`; empty: the name has none.
std::optional<std::uint64_t> number_behind(std::string_view prefix, std::string_view name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (failure != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

// Such a name needs no quotes.
bool is_schema_name(std::string_view name) {
  return !name.empty() &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

/// A row of a segment.
struct Row {
  std::uint32_t segment = 0;
  std::uint64_t lsn = 0;    ///< its key
  std::uint64_t count = 0;  ///< of records, as its column says
  std::string_view frames;
};

Row row_of(std::uint32_t segment, const Answer& answer, int row) {
  return {segment, static_cast<std::uint64_t>(answer.number(row, 0)),
          static_cast<std::uint64_t>(answer.number(row, 1)), answer.bytes(row, 2)};
}

/// The frames of a row, or what is wrong with it.
struct ParsedRow {
  std::vector<FrameFields> frames{};
  std::string wrong{};
};

ParsedRow parse_row(const Row& row) {
  ParsedRow out;
  std::string_view rest = row.frames;
  for (std::uint64_t i = 0; i < row.count; ++i) {
    const auto frame = parse_frame(rest);
    const std::uint32_t flags = i + 1 == row.count ? ends_group_flag : 0;
    const bool is_here = frame && frame->lsn == row.lsn + i && frame->segment == row.segment &&
                         frame->flags == flags && frame->position < frame->lsn &&
                         (i == 0 || frame->position == out.frames[0].position + i);
    if (!is_here) {
      out.wrong = "expected the frame of record " + std::to_string(row.lsn + i) + ", intact";
      return out;
    }
    const std::uint64_t bytes = round_up(frame->bytes, frame_unit);
    if (bytes > rest.size()) {
      out.wrong = "expected the end of record " + std::to_string(row.lsn + i);
      return out;
    }
    rest.remove_prefix(bytes);
    out.frames.push_back(*frame);
  }
  if (row.count == 0) out.wrong = "expected a record in the row";
  if (!rest.empty()) out.wrong = "expected " + std::to_string(row.count) + " records in the row";
  return out;
}

class DatabaseLog final : public NodeLog {
 public:
  explicit DatabaseLog(DatabaseName name)
      : name_(std::move(name)),
        where_("PostgreSQL, schema " + name_.schema + ", node " + name_.node) {}

  Result<void> open() {
    if (!is_schema_name(name_.schema)) {
      return Error{ErrorCode::invalid_argument, "there is no schema called " + name_.schema};
    }
    for (std::unique_ptr<Database>* database : {&guard_, &reader_}) {
      auto connected = Database::connect(name_.dsn);
      if (!connected) return connected.error();
      *database = *std::move(connected);
    }
    if (auto checked = check_version(); !checked) return checked;
    if (auto held = hold_seat(); !held) return held;
    if (auto listed = list_tables(); !listed) return listed;
    return read_pointer();
  }

  [[nodiscard]] const std::string& where() const override { return where_; }
  [[nodiscard]] const std::vector<Problem>& problems() const override { return problems_; }
  [[nodiscard]] std::uint64_t parts() const override {
    return segments_.size() + (pointer_ ? 1 : 0);
  }
  [[nodiscard]] std::vector<std::uint64_t> checkpoints() const override {
    if (!pointer_) return {};
    return {pointer_->header.number};
  }
  [[nodiscard]] std::string checkpoint_name(std::uint64_t number) const override {
    return checkpoint_prefix() + std::to_string(number);
  }
  [[nodiscard]] std::string segment_name(std::uint32_t segment) const override {
    return segment_prefix() + std::to_string(segment);
  }
  // The last row states it of those before; of itself nothing does.
  [[nodiscard]] std::optional<Witness> stated_end() const override { return std::nullopt; }

  Result<CheckpointRead> read_checkpoint(std::uint64_t number, const EntryVisitor& visit) override {
    CheckpointRead out{.header = pointer_->header};
    bool is_first = true;
    const EntryVisitor look = [&](std::string_view entry) {
      if (std::exchange(is_first, false)) note_states(entry);
      visit(entry);
    };
    ChunkReader chunks(number, look);
    std::uint64_t bytes = 0;
    for (std::uint64_t part = 0; part < pointer_->parts && !out.damage; ++part) {
      const auto answer = reader_->query(
          "select bytes from " + table(checkpoint_name(number)) + " where part = $1::int4",
          {std::to_string(part)});
      if (!answer && answer.error().code != ErrorCode::not_found) return answer.error();
      std::string wrong = "expected part " + std::to_string(part);
      if (answer && answer->rows() == 1) {
        wrong = chunks.add(answer->bytes(0, 0));
        if (wrong.empty() && chunks.last_bytes() != answer->bytes(0, 0).size()) {
          wrong = "expected the end of part " + std::to_string(part);
        }
        bytes += answer->bytes(0, 0).size();
      }
      if (!wrong.empty()) out.damage = {part, std::move(wrong)};
    }
    out.entries = chunks.entries();
    if (out.damage) return out;
    std::string wrong = chunks.finish();
    if (wrong.empty() && (out.entries != pointer_->entries || bytes != pointer_->bytes)) {
      wrong = "expected " + std::to_string(pointer_->entries) + " entries of " +
              std::to_string(pointer_->bytes) + " bytes, as the row in checkpoint states";
    }
    if (!wrong.empty()) out.damage = {pointer_->parts, std::move(wrong)};
    return out;
  }

  // The checkpoint that names it was read before.
  Result<std::string> read_state_copy(std::uint64_t number, std::uint64_t id,
                                      const StateVisitor& visit) override {
    if (!states_ || states_->number() != number || states_->id() != id) {
      return std::string("is named by no checkpoint");
    }
    return read_stored_states(*reader_, table("file_" + std::to_string(seat_) + "_"), *states_,
                              visit);
  }

  Result<std::uint64_t> first_lsn() override {
    for (const std::uint32_t segment : segments_) {
      const auto first = first_of(segment);
      if (!first) return first.error();
      if (*first != 0) return *first;
    }
    return std::uint64_t{0};
  }

  Result<LogExtent> read(const Witness& witness, const RecordVisitor& visit) override {
    LogExtent out;
    std::uint64_t expected = 0;  // 0: no row was read yet
    bool is_behind_gap = false;
    const auto damage = [&](std::uint32_t segment, std::uint64_t record, std::string text) {
      out.damage.push_back({segment_name(segment), 0, record, std::move(text)});
      out.is_damaged = true;
    };
    const auto take = [&](const Row& row) {
      const ParsedRow parsed = parse_row(row);
      const bool is_whole = parsed.wrong.empty();
      if (expected == 0) out.first_lsn = expected = row.lsn;
      if (!is_behind_gap && row.lsn > expected) is_behind_gap = true;
      if (is_behind_gap) {
        // No part of the log, unless it states that what is missing was confirmed.
        if (!parsed.frames.empty() && parsed.frames[0].durable >= expected && !out.is_damaged) {
          damage(row.segment, expected,
                 "expected record " + std::to_string(expected) +
                     "; it was confirmed (the row of record " + std::to_string(row.lsn) +
                     " states that records up to " + std::to_string(parsed.frames[0].durable) +
                     " were durable)");
        }
        return;
      }
      if (row.lsn < expected) {
        return damage(row.segment, row.lsn, "record " + std::to_string(row.lsn) + " is here twice");
      }
      if (!is_whole) return damage(row.segment, row.lsn, parsed.wrong);
      const auto first = first_lsns_.emplace(row.segment, row.lsn).first->second;
      if (parsed.frames[0].position != row.lsn - first) {
        return damage(row.segment, row.lsn,
                      "expected position " + std::to_string(row.lsn - first) + ", got " +
                          std::to_string(parsed.frames[0].position));
      }
      if (parsed.frames[0].durable >= row.lsn) {
        return damage(row.segment, row.lsn,
                      "states that it was durable before it was written: records up to " +
                          std::to_string(parsed.frames[0].durable));
      }
      for (const FrameFields& frame : parsed.frames) {
        ++out.frames;
        visit({frame.lsn, Place{row.segment} << 32 | frame.position, frame.body});
      }
      expected += row.count;
    };
    for (const std::uint32_t segment : segments_) {
      if (auto visited = visit_rows(segment,
                                    [&](const Row& row) {
                                      if (!out.is_damaged) take(row);
                                    });
          !visited) {
        return visited.error();
      }
    }
    out.last_lsn = expected == 0 ? witness.replay_from - 1 : expected - 1;
    if (!out.is_damaged) check_end(witness, out);
    if (auto checked = check_seat(); !checked) return checked.error();
    return out;
  }

  Result<void> read_at(std::span<const Place> places, const PlaceVisitor& visit) override {
    std::optional<Answer> answer;
    std::optional<Row> row;
    ParsedRow parsed;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const auto segment = static_cast<std::uint32_t>(places[i] >> 32);
      const auto first = first_lsns_.find(segment);
      if (first == first_lsns_.end()) {
        visit(i, std::nullopt);
        continue;
      }
      const std::uint64_t lsn = first->second + (places[i] & 0xffffffff);
      if (!row || row->segment != segment || lsn < row->lsn || lsn >= row->lsn + row->count) {
        const std::string from = table(segment_name(segment));
        auto found = reader_->query("select lsn, count::int8, frames from " + from +
                                        " where lsn = (select max(lsn) from " + from +
                                        " where lsn <= $1::int8)",
                                    {std::to_string(lsn)});
        if (!found) return found.error();
        answer = *std::move(found);
        row.reset();
        parsed = {};
        if (answer->rows() == 1) {
          row = row_of(segment, *answer, 0);
          parsed = parse_row(*row);
        }
      }
      const bool is_here =
          row && lsn >= row->lsn && lsn - row->lsn < parsed.frames.size() && parsed.wrong.empty();
      if (is_here) {
        visit(i, LogRecord{lsn, places[i], parsed.frames[lsn - row->lsn].body});
      } else {
        visit(i, std::nullopt);
      }
    }
    return {};
  }

 private:
  struct Pointer {
    CheckpointHeader header;
    std::uint64_t parts = 0;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
  };

  // The first entry of a checkpoint may name a copy of the state store.
  void note_states(std::string_view entry) {
    pb::SnapshotPart part;
    const bool is_part = part.ParseFromArray(entry.data(), static_cast<int>(entry.size()));
    if (is_part && part.has_state_copy()) states_ = part.state_copy();
  }
  [[nodiscard]] std::string table(const std::string& name) const {
    return name_.schema + "." + name;
  }
  [[nodiscard]] std::string segment_prefix() const {
    return "segment_" + std::to_string(seat_) + "_";
  }
  [[nodiscard]] std::string checkpoint_prefix() const {
    return "checkpoint_" + std::to_string(seat_) + "_";
  }
  [[nodiscard]] Error missing() const {
    return {ErrorCode::not_found,
            "there is no log of node " + name_.node + " in the schema " + name_.schema};
  }

  Result<void> check_version() {
    const auto found =
        reader_->query("select to_regclass($1) is not null", {table("schema_version")});
    if (!found) return found.error();
    if (found->number(0, 0) == 0) return missing();
    const auto version = reader_->query("select version::int8 from " + table("schema_version"));
    if (!version) return version.error();
    if (version->rows() == 1 && version->number(0, 0) <= schema_version_max) {
      version_ = version->number(0, 0);
      return {};
    }
    return Error{ErrorCode::unsupported_version,
                 "the schema " + name_.schema + " has a version that this program does not know"};
  }

  // Whoever takes the seat waits for the exclusive lock from now on.
  Result<void> hold_seat() {
    const auto seat = guard_->query(
        "select number::int8 from " + table("node") + " where name = $1", {name_.node});
    if (!seat) return seat.error();
    if (seat->rows() != 1) return missing();
    seat_ = static_cast<std::uint64_t>(seat->number(0, 0));
    const auto lock_class = static_cast<std::int32_t>(crc32c("millrace." + name_.schema));
    for (const char* statement : {"set idle_in_transaction_session_timeout = 0", "begin"}) {
      if (const auto done = guard_->query(statement); !done) return done.error();
    }
    const auto locked = guard_->query("select pg_advisory_xact_lock_shared($1::int4, $2::int4)",
                                      {std::to_string(lock_class), std::to_string(seat_)});
    if (!locked) return locked.error();
    const auto state = read_seat();
    if (!state) return state.error();
    if (state->epoch == 0) return missing();
    if (is_held(*state)) {
      return Error{ErrorCode::storage_locked, "the seat " + name_.node + " is held by " +
                                                  state->holder + " for another " +
                                                  std::to_string(state->lease_ms) + " ms"};
    }
    epoch_ = state->epoch;
    return {};
  }

  struct SeatState {
    std::uint64_t epoch = 0;
    std::string holder;
    std::uint64_t lease_ms = 0;  ///< 0: there is no lease, or the log has moved
  };

  [[nodiscard]] bool is_held(const SeatState& state) const {
    return state.lease_ms > 0 && !(name_.has_ended && name_.has_ended(state.holder));
  }

  Result<SeatState> read_seat() {
    const auto answer = reader_->query(
        "select epoch, holder, case when starts_with(holder, 'moved to ') then 0 else"
        " greatest(0, coalesce(extract(epoch from lease_until - clock_timestamp()) * 1000, 0))"
        " end::int8 from " +
            table("node") + " where name = $1",
        {name_.node});
    if (!answer) return answer.error();
    if (answer->rows() != 1) return missing();
    return SeatState{static_cast<std::uint64_t>(answer->number(0, 0)),
                     std::string(answer->bytes(0, 1)),
                     static_cast<std::uint64_t>(answer->number(0, 2))};
  }

  // The lock keeps other processes out; this finds out whether it did so all the time.
  Result<void> check_seat() {
    const auto state = read_seat();
    if (!state) return state.error();
    if (state->epoch == epoch_ && !is_held(*state)) return {};
    return Error{ErrorCode::storage_locked,
                 "the seat " + name_.node + " was taken while its log was read"};
  }

  Result<void> list_tables() {
    const auto answer = reader_->query(
        "select relname from pg_class c join pg_namespace n on n.oid = relnamespace"
        " where nspname = $1 and relkind = 'r' and starts_with(relname::text, $2)",
        {name_.schema, segment_prefix()});
    if (!answer) return answer.error();
    for (int i = 0; i < answer->rows(); ++i) {
      const std::string name(answer->bytes(i, 0));
      const auto number = number_behind(segment_prefix(), name);
      if (number && *number != 0 && *number <= 0xffffffff) {
        segments_.push_back(static_cast<std::uint32_t>(*number));
      } else {
        problems_.push_back({name, "expected the number of a segment at the end of the name"});
      }
    }
    std::sort(segments_.begin(), segments_.end());
    return check_kept();
  }

  // The row in segments says which tables must be there, if the newest owner has kept it.
  Result<void> check_kept() {
    if (version_ < keeps_segments) return {};
    const auto kept = reader_->query("select first, last from " + table("segments") +
                                         " kept join " + table("node") +
                                         " seat on seat.number = kept.node and seat.epoch ="
                                         " kept.epoch where kept.node = $1::int4",
                                     {std::to_string(seat_)});
    if (!kept) return kept.error();
    if (kept->rows() == 0) return {};
    const auto first = static_cast<std::uint64_t>(kept->number(0, 0));
    const auto last = static_cast<std::uint64_t>(kept->number(0, 1));
    const std::string stated = "; the row in segments states that " + std::to_string(first) +
                               " to " + std::to_string(last) + " are there";
    std::uint64_t next = first;
    for (const std::uint32_t segment : segments_) {
      if (segment < first) continue;
      if (segment != next) break;
      ++next;
    }
    if (next <= last) {
      problems_.push_back({segment_prefix() + std::to_string(next), "expected the table" + stated});
    } else if (!segments_.empty() && segments_.back() > last) {
      problems_.push_back({segment_name(segments_.back()), "expected no such table" + stated});
    }
    return {};
  }

  Result<void> read_pointer() {
    const auto answer =
        reader_->query("select number, replay_from, parts::int8, entries, bytes from " +
                           table("checkpoint") + " where node = $1::int4",
                       {std::to_string(seat_)});
    if (!answer) return answer.error();
    if (answer->rows() == 0) return {};
    const auto field = [&](int column) {
      return static_cast<std::uint64_t>(answer->number(0, column));
    };
    pointer_ = Pointer{{field(0), field(1), field(1) - 1}, field(2), field(3), field(4)};
    return {};
  }

  Result<std::uint64_t> first_of(std::uint32_t segment) {
    const auto answer = reader_->query("select min(lsn) from " + table(segment_name(segment)));
    if (!answer) return answer.error();
    if (answer->is_null(0, 0)) return std::uint64_t{0};
    return static_cast<std::uint64_t>(answer->number(0, 0));
  }

  Result<void> visit_rows(std::uint32_t segment, const std::function<void(const Row&)>& visit) {
    std::uint64_t after = 0;
    while (true) {
      const auto answer =
          reader_->query("select lsn, count::int8, frames from " + table(segment_name(segment)) +
                             " where lsn > $1::int8 order by lsn limit " + rows_at_once,
                         {std::to_string(after)});
      if (!answer) return answer.error();
      if (answer->rows() == 0) return {};
      for (int i = 0; i < answer->rows(); ++i) {
        const Row row = row_of(segment, *answer, i);
        visit(row);
        after = row.lsn;
      }
    }
  }

  static void check_end(const Witness& witness, LogExtent& out) {
    const bool is_empty = out.first_lsn == 0;
    const bool is_late = is_empty ? witness.replay_from > 1 : out.first_lsn > witness.replay_from;
    std::string text;
    if (is_late) {
      text = "expected record " + std::to_string(witness.replay_from) +
             ", from which a start replays; no segment has it";
    } else if (witness.durable > out.last_lsn) {
      text = "the log ends with record " + std::to_string(out.last_lsn) + "; " + witness.stated_by +
             " states that records up to " + std::to_string(witness.durable) + " were durable";
    } else {
      return;
    }
    out.damage.push_back(
        {"segments", 0, is_late ? witness.replay_from : out.last_lsn + 1, std::move(text)});
    out.is_damaged = true;
  }

  const DatabaseName name_;
  const std::string where_;
  std::unique_ptr<Database> guard_;   ///< in a transaction that has the seat's lock
  std::unique_ptr<Database> reader_;  ///< in no transaction
  std::uint64_t seat_ = 0;            ///< number of the seat
  std::uint64_t epoch_ = 0;
  std::int64_t version_ = 0;             ///< of the schema
  std::vector<std::uint32_t> segments_;  ///< ascending
  std::optional<Pointer> pointer_;       ///< to the newest checkpoint
  std::optional<pb::StateCopy> states_;  ///< that the checkpoint names, once it was read
  std::vector<Problem> problems_;
  std::map<std::uint32_t, std::uint64_t> first_lsns_;  ///< of the segments that were read
};

}  // namespace

Result<std::unique_ptr<NodeLog>> open_database(const DatabaseName& name) {
  auto log = std::make_unique<DatabaseLog>(name);
  if (auto opened = log->open(); !opened) return opened.error();
  return std::unique_ptr<NodeLog>(std::move(log));
}

}  // namespace millrace::audit
