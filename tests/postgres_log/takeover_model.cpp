#include "tests/postgres_log/takeover_model.hpp"

#include <algorithm>
#include <utility>

namespace millrace::postgres_log {
namespace {

constexpr std::uint64_t segment_bytes = std::uint64_t{1} << 40;

}  // namespace

std::string TakeoverModel::run(int steps) {
  begin_takeover();
  for (int i = 0; i < steps && wrong_.empty(); ++i) step();
  if (wrong_.empty()) finish();
  return wrong_;
}

void TakeoverModel::step() {
  if (follow_random_() % 4 == 0) follow();
  const std::uint64_t kind = roll(100);
  const std::size_t owner = owners_.empty() ? 0 : roll(owners_.size());
  const std::size_t transaction = transactions_.empty() ? 0 : roll(transactions_.size());
  if (kind < 30) {
    if (!owners_.empty()) begin_group(owner);
  } else if (kind < 60) {
    if (!transactions_.empty()) execute(transaction);
  } else if (kind < 78) {
    replicate();
  } else if (kind < 88) {
    if (!owners_.empty()) begin_settlement(owner);
  } else if (kind < 92) {
    if (!owners_.empty()) lose_answers(owner);
  } else if (kind < 95) {
    if (!transactions_.empty()) end_while_waiting(transaction);
  } else if (kind < 97) {
    begin_takeover();
  } else if (kind < 98) {
    fail_over();
  } else if (!owners_.empty()) {
    owners_[owner].believes_in_lease = roll(4) != 0;
  }
}

void TakeoverModel::begin_group(std::size_t index) {
  Owner& owner = owners_[index];
  if (owner.is_over || owner.core == nullptr || !owner.core->may_begin()) return;
  const std::uint64_t count = 1 + roll(3);
  const GroupNumber number = owner.core->begin(static_cast<std::uint32_t>(count), count);
  const Lsn lsn = owner.core->span(number).first_lsn;
  Row row;
  row.durable = owner.core->confirmed_lsn();
  for (std::uint64_t i = 0; i < count; ++i) row.values.push_back(next_value_++);
  owner.rows[number] = row;
  owner.lsns[number] = lsn;
  Transaction group;
  group.owner = index;
  group.epoch = owner.epoch;
  group.group = number;
  group.change.rows[lsn] = std::move(row);
  transactions_.push_back(std::move(group));
}

void TakeoverModel::begin_settlement(std::size_t index) {
  Owner& owner = owners_[index];
  if (owner.is_over || owner.core == nullptr || !owner.core->may_settle()) return;
  const bool is_under_way =
      std::any_of(transactions_.begin(), transactions_.end(),
                  [&](const Transaction& one) { return one.owner == index && one.is_heard; });
  if (is_under_way) return;
  Transaction settlement;
  settlement.kind = Transaction::Kind::settlement;
  settlement.owner = index;
  settlement.epoch = owner.epoch;
  transactions_.push_back(std::move(settlement));
}

// Another process tries to take the log, whatever became of the one before.
void TakeoverModel::begin_takeover() {
  Transaction takeover;
  takeover.kind = Transaction::Kind::takeover;
  takeover.owner = owners_.size();
  owners_.emplace_back();
  transactions_.push_back(std::move(takeover));
}

// Whether the server lets the transaction wait: for a lock, or for a number that another transaction has
// taken and not made visible yet.
bool TakeoverModel::is_blocked(const Transaction& transaction) const {
  for (const Transaction& other : transactions_) {
    if (&other == &transaction || !other.at) continue;
    const bool is_exclusive = transaction.kind == Transaction::Kind::takeover ||
                              other.kind == Transaction::Kind::takeover;
    if (is_exclusive && planted_ != Planted::lock_not_waited_for) return true;
    for (const auto& [lsn, row] : other.change.rows) {
      if (transaction.change.rows.contains(lsn)) return true;
      if (transaction.kind == Transaction::Kind::settlement) return true;
    }
  }
  return false;
}

bool TakeoverModel::passes_fence(const Transaction& transaction) const {
  if (planted_ == Planted::epoch_not_checked) return true;
  if (planted_ == Planted::lease_instead_of_epoch) {
    return owners_[transaction.owner].believes_in_lease;
  }
  return standing_of(transaction.epoch, visible_.epoch) == Standing::owner;
}

void TakeoverModel::execute(std::size_t index) {
  if (transactions_[index].at || is_blocked(transactions_[index])) return;
  Transaction transaction = transactions_[index];
  const auto end = [&] {
    transactions_.erase(transactions_.begin() + static_cast<std::ptrdiff_t>(index));
    answer(transaction, false);
  };
  if (transaction.kind == Transaction::Kind::takeover) {
    fill_takeover(transaction);
  } else if (!passes_fence(transaction)) {
    const bool settles = transaction.kind == Transaction::Kind::settlement;
    end();
    if (settles && transaction.is_heard) fence(transaction.owner);
    return;
  } else if (transaction.kind == Transaction::Kind::settlement) {
    if (!transaction.is_heard || !fill_settlement(transaction)) return end();
  } else if (visible_.rows.contains(transaction.change.rows.begin()->first)) {
    return end();  // the number is taken
  }
  commit(transaction, transaction.change);
  transactions_[index] = std::move(transaction);
}

// What the owner decides when it sees the rows. False: nothing is to be written.
bool TakeoverModel::fill_settlement(Transaction& transaction) {
  Owner& owner = owners_[transaction.owner];
  CommitCore& core = *owner.core;
  std::vector<SeenRow> seen;
  const Lsn first =
      core.unconfirmed() > 0 ? core.span(core.first_unconfirmed()).first_lsn : core.next_lsn();
  for (auto at = visible_.rows.lower_bound(first); at != visible_.rows.end(); ++at) {
    seen.push_back({at->first, static_cast<std::uint32_t>(at->second.values.size())});
  }
  const auto missing = core.missing(seen);
  if (!missing) {
    fail("an owner finds rows that are not its own: " + missing.error().message);
    return false;
  }
  if (planted_ == Planted::row_is_enough && missing->empty()) {
    core.on_settled();
    confirm(transaction.owner);
    return false;
  }
  transaction.change = {};
  if (planted_ == Planted::marker_before_rows) return true;
  for (const GroupNumber number : *missing) {
    transaction.change.rows[owner.lsns.at(number)] = owner.rows.at(number);
  }
  return true;
}

void TakeoverModel::fill_takeover(Transaction& transaction) {
  transaction.change = {};
  transaction.epoch = visible_.epoch + 1;
  transaction.change.epoch = transaction.epoch;
  LogEnd end(1);
  read_log(visible_.rows, end);
  for (const RowKey& key : end.behind_gap()) {
    const Row& row = visible_.rows.at(key.lsn);
    if (!end.check_behind_gap({key.lsn, row.durable, 1, 1})) fail("a confirmed record is missing");
    if (planted_ != Planted::gap_not_cut) transaction.change.cut.push_back(key.lsn);
    ++counts_.cut_rows;
  }
}

std::vector<TakeoverModel::Value> TakeoverModel::read_log(const Rows& rows, LogEnd& end) const {
  for (const auto& [lsn, row] : rows) {
    end.add(1, lsn, static_cast<std::uint32_t>(row.values.size()));
  }
  std::vector<Value> values;
  for (const auto& [lsn, row] : rows) {
    if (lsn > end.last_lsn()) break;
    values.insert(values.end(), row.values.begin(), row.values.end());
  }
  return values;
}

// The commit is in the server's log, and waits for the standby: nobody else sees it yet.
void TakeoverModel::commit(Transaction& transaction, Change change) {
  transaction.at = log_.size();
  log_.push_back(std::move(change));
}

void TakeoverModel::apply(const Change& change) {
  if (change.epoch) visible_.epoch = *change.epoch;
  for (const Lsn lsn : change.cut) visible_.rows.erase(lsn);
  for (const auto& [lsn, row] : change.rows) visible_.rows[lsn] = row;
}

void TakeoverModel::replicate() {
  if (replicated_ < log_.size()) replicated_ += 1 + roll(log_.size() - replicated_);
  for (std::size_t i = 0; i < transactions_.size();) {
    if (!transactions_[i].at || *transactions_[i].at >= replicated_) {
      ++i;
      continue;
    }
    const Transaction done = std::move(transactions_[i]);
    transactions_.erase(transactions_.begin() + static_cast<std::ptrdiff_t>(i));
    apply(done.change);
    answer(done, true);
    i = 0;  // an answer may have begun others
  }
}

// A session that waits for the standby is ended, or its wait is cancelled: its commit is visible, and on
// one server only.
void TakeoverModel::end_while_waiting(std::size_t index) {
  if (!transactions_[index].at) return;
  const Transaction ended = std::move(transactions_[index]);
  transactions_.erase(transactions_.begin() + static_cast<std::ptrdiff_t>(index));
  apply(ended.change);
  answer(ended, planted_ == Planted::warning_ignored);
}

void TakeoverModel::answer(const Transaction& transaction, bool is_committed) {
  Owner& owner = owners_[transaction.owner];
  if (!transaction.is_heard || owner.is_over) return;
  switch (transaction.kind) {
    case Transaction::Kind::takeover:
      if (is_committed) {
        on_taken(transaction);
      } else {
        owner.is_over = true;  // another process will try
      }
      return;
    case Transaction::Kind::settlement:
      if (!is_committed) return;
      ++counts_.settled;
      owner.core->on_settled();
      break;
    case Transaction::Kind::group:
      if (is_committed) {
        owner.core->on_written(transaction.group);
      } else {
        owner.core->on_lost(transaction.group);
      }
      if (planted_ == Planted::out_of_order && is_committed) {
        const Row& row = owner.rows.at(transaction.group);
        owner.confirmed.insert(owner.confirmed.end(), row.values.begin(), row.values.end());
        promised_.insert(promised_.end(), row.values.begin(), row.values.end());
        return;
      }
      break;
  }
  confirm(transaction.owner);
}

void TakeoverModel::on_taken(const Transaction& transaction) {
  Owner& owner = owners_[transaction.owner];
  owner.epoch = transaction.epoch;
  LogEnd end(1);
  owner.found = read_log(visible_.rows, end);
  check_found(owner.found);
  check_followed(owner.found, end.last_lsn());
  promised_ = owner.found;
  owner.core = std::make_unique<CommitCore>(end.last_lsn(), 3, segment_bytes);
  owner.core->open_segment(1);
  ++counts_.takeovers;
}

void TakeoverModel::confirm(std::size_t index) {
  Owner& owner = owners_[index];
  while (const auto number = owner.core->take_confirmed()) {
    const Row row = owner.rows.at(*number);
    owner.rows.erase(*number);
    if (planted_ == Planted::out_of_order) continue;
    owner.confirmed.insert(owner.confirmed.end(), row.values.begin(), row.values.end());
    counts_.confirmed += row.values.size();
    // The promise is that of the log as a whole: an owner that was fenced confirms nothing new.
    std::vector<Value> log = owner.found;
    log.insert(log.end(), owner.confirmed.begin(), owner.confirmed.end());
    const std::size_t both = std::min(log.size(), promised_.size());
    if (!std::equal(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(both),
                    promised_.begin())) {
      fail("two owners have confirmed different records under one number");
    }
    if (log.size() > promised_.size()) promised_ = std::move(log);
  }
}

void TakeoverModel::fence(std::size_t index) {
  owners_[index].is_over = true;
  ++counts_.fenced;
}

// The connections of an owner break: what it has sent arrives, or not.
void TakeoverModel::lose_answers(std::size_t index) {
  if (owners_[index].core == nullptr) return;
  for (std::size_t i = 0; i < transactions_.size();) {
    Transaction& one = transactions_[i];
    if (one.owner != index || !one.is_heard) {
      ++i;
      continue;
    }
    const Transaction lost = one;
    one.is_heard = false;
    if (!one.at && roll(2) == 0) {
      transactions_.erase(transactions_.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
    answer(lost, false);
  }
}

// The standby becomes the primary with what it has received: commits in it are commits, whether or not
// anybody has been told.
void TakeoverModel::fail_over() {
  ++counts_.failovers;
  const std::vector<Transaction> ended = std::exchange(transactions_, {});
  log_.resize(replicated_);
  visible_ = {};
  for (const Change& change : log_) apply(change);
  for (const Transaction& one : ended) answer(one, false);
}

std::string TakeoverModel::run_of_server() const {
  return planted_ == Planted::server_not_compared ? "any" : std::to_string(counts_.failovers);
}

// One transaction of a follower, which reads some of what is new.
void TakeoverModel::follow() {
  const FollowView view{.run = run_of_server(), .seat = 1, .epoch = visible_.epoch};
  FollowPlan plan = follower_.plan(view);
  if (plan.task == FollowPlan::Task::wait) return;
  if (plan.task == FollowPlan::Task::begin) {
    follower_.begin(view);
    followed_.clear();
  }
  std::uint64_t rows_left = follow_random_() % 4;
  for (const auto& [lsn, row] : visible_.rows) {
    const auto count = static_cast<std::uint32_t>(row.values.size());
    const bool is_next =
        planted_ == Planted::gap_followed ? lsn >= follower_.next() : follower_.takes(lsn, count);
    if (!is_next) continue;
    if (rows_left-- == 0) return;
    follower_.on_row(1, lsn, count);
    followed_.insert(followed_.end(), row.values.begin(), row.values.end());
  }
}

void TakeoverModel::check_followed(const std::vector<Value>& found, Lsn last_lsn) {
  const TakenLog log{.run = run_of_server(), .seat = 1, .first_lsn = 1, .last_lsn = last_lsn};
  if (!postgres_log::check_followed(follower_.mark(), log)) return;
  ++counts_.warm;
  counts_.followed += followed_.size();
  if (followed_.size() > found.size() ||
      !std::equal(followed_.begin(), followed_.end(), found.begin())) {
    fail("what was followed is not the beginning of the log");
  }
}

void TakeoverModel::check_found(const std::vector<Value>& found) {
  if (found.size() < promised_.size() ||
      !std::equal(promised_.begin(), promised_.end(), found.begin())) {
    fail("a takeover does not find what was promised");
  }
  std::vector<Value> sorted = found;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    fail("a record is in the log twice");
  }
}

// Everything that is under way ends well, and one last owner takes over.
void TakeoverModel::finish() {
  if (roll(2) == 0) fail_over();
  for (int i = 0; i < 20 && !transactions_.empty(); ++i) {
    for (std::size_t at = transactions_.size(); at-- > 0;) {
      if (at < transactions_.size()) execute(at);
    }
    replicate();
  }
  begin_takeover();
  for (int i = 0; i < 20 && !transactions_.empty(); ++i) {
    execute(transactions_.size() - 1);
    replicate();
  }
  if (owners_.back().core == nullptr) fail("the last takeover does not end");
}

}  // namespace millrace::postgres_log
