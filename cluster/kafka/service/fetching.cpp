#include "cluster/kafka/service/fetching.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include "cluster/kafka/service/gather.hpp"
#include "cluster/kafka/service/names.hpp"

namespace millrace::kafka {
namespace {

using std::chrono::milliseconds;

/// The longest wait that is taken from a client.
constexpr std::int32_t wait_max_ms = 60'000;
/// Between two looks of a request that wants more than the next record.
constexpr milliseconds look_interval{10};
constexpr milliseconds room_interval{20};

std::size_t to_size(std::int32_t value) {
  return static_cast<std::size_t>(std::max(value, 0));
}

Code fetch_code_of(ErrorCode error) {
  return error == ErrorCode::expired ? Code::offset_out_of_range : code_of(error);
}

}  // namespace

Fetching::Fetching(const HandlerContext& context, std::shared_ptr<Exchange> exchange,
                   const FetchRequest& request)
    : context_(context),
      exchange_(std::move(exchange)),
      bytes_min_(to_size(request.bytes_min)),
      bytes_max_(std::min<std::size_t>(to_size(request.bytes_max), context.fetch_bytes_max)),
      deadline_(context.loop.now() +
                milliseconds(std::clamp(request.wait_max_ms, 0, wait_max_ms))) {
  for (const FetchRequest::Topic& topic : request.topics) {
    topic_names_.emplace_back(topic.name);
    topic_parts_.push_back(topic.partitions.size());
    for (const FetchRequest::Partition& partition : topic.partitions) {
      Part& part = parts_.emplace_back();
      part.partition = {topic_names_.back(), partition.index};
      part.offset = partition.offset;
      part.bytes_max = to_size(partition.bytes_max);
      if (!is_topic_name(topic.name)) part.code = Code::invalid_topic;
      if (partition.offset < 0) part.code = Code::offset_out_of_range;
    }
  }
}

void Fetching::start() {
  exchange_->on_gone([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    for (Part& part : self->parts_) part.watch.reset();
    if (self->timer_) self->context_.loop.cancel(*self->timer_);
  });
  look();
}

void Fetching::hurry() {
  is_hurried_ = true;
  if (!is_reading_) answer();
}

// --- Reading -------------------------------------------------------------------------------------

void Fetching::look() {
  if (exchange_->is_gone() || is_reading_) return;
  timer_.reset();
  if (!charge_.take(context_.answers, std::max<std::size_t>(bytes_max_, 1))) {
    if (is_hurried_ || context_.loop.now() >= deadline_) return answer();
    timer_ = context_.loop.at(context_.loop.now() + room_interval,
                              [self = shared_from_this()] { self->look(); });
    return;
  }
  is_reading_ = true;
  looked_at_ = context_.loop.now();
  const std::size_t share = bytes_max_ / std::max<std::size_t>(parts_.size(), 1);
  const auto gather = std::make_shared<Gather<Fetched>>(
      context_.loop.mailbox(), parts_.size(), [self = shared_from_this()](auto& outcomes) {
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
          self->parts_[i].found = std::move(outcomes[i]);
        }
        self->read_rest(0);
      });
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    part.watch.reset();
    if (part.code != Code::none) {
      gather->set(i, Fetched{});
      continue;
    }
    context_.api.fetch({.partition = part.partition,
                        .offset = part.offset,
                        .bytes_max = std::min(share, part.bytes_max)},
                       gather->slot(i));
  }
  gather->finish_if_empty();
}

/// Reads those parts from `first` on whose next record was too large for its share.
void Fetching::read_rest(std::size_t first) {
  if (exchange_->is_gone()) return;
  const std::size_t used = found_bytes();
  for (std::size_t i = first; i < parts_.size() && used < bytes_max_; ++i) {
    Part& part = parts_[i];
    const bool is_larger = part.code == Code::none && *part.found &&
                           (*part.found)->batches.empty() && (*part.found)->has_larger;
    if (!is_larger) continue;
    const auto gather = std::make_shared<Gather<Fetched>>(
        context_.loop.mailbox(), 1, [self = shared_from_this(), i](auto& outcomes) {
          self->parts_[i].found = std::move(outcomes[0]);
          self->read_rest(i + 1);
        });
    return context_.api.fetch({.partition = part.partition,
                               .offset = part.offset,
                               .bytes_max = std::min(bytes_max_ - used, part.bytes_max),
                               .takes_larger = true},
                              gather->slot(0));
  }
  on_read();
}

std::size_t Fetching::found_bytes() const {
  std::size_t bytes = 0;
  for (const Part& part : parts_) {
    if (part.found && *part.found) bytes += (*part.found)->batches.size();
  }
  return bytes;
}

bool Fetching::is_enough() const {
  const bool has_error = std::any_of(parts_.begin(), parts_.end(), [](const Part& part) {
    return part.code != Code::none || !*part.found;
  });
  return has_error || parts_.empty() || found_bytes() >= bytes_min_;
}

void Fetching::on_read() {
  is_reading_ = false;
  if (is_hurried_ || is_enough() || context_.loop.now() >= deadline_) return answer();
  wait();
}

// --- Waiting -------------------------------------------------------------------------------------

void Fetching::wait() {
  for (Part& part : parts_) {
    const std::int64_t next =
        (*part.found)->batches.empty() ? part.offset : (*part.found)->next_offset;
    (*part.found)->batches = std::string();
    part.watch = context_.api.watch(part.partition, next,
                                    [mailbox = context_.loop.mailbox(), weak = weak_from_this()] {
                                      mailbox->post([weak] {
                                        if (const auto self = weak.lock()) self->wake();
                                      });
                                    });
  }
  charge_.release();
  timer_ = context_.loop.at(deadline_, [self = shared_from_this()] { self->look(); });
}

void Fetching::wake() {
  // Several partitions may have called, or one late: while it is read again, or after the answer.
  if (exchange_->is_gone() || is_reading_ || !timer_) return;
  context_.loop.cancel(*timer_);
  const SteadyTime next_look = looked_at_ + look_interval;
  if (bytes_min_ <= 1 || context_.loop.now() >= next_look) return look();
  for (Part& part : parts_) part.watch.reset();
  timer_ = context_.loop.at(std::min(next_look, deadline_),
                            [self = shared_from_this()] { self->look(); });
}

void Fetching::answer() {
  if (exchange_->is_gone()) return;
  if (timer_) context_.loop.cancel(*timer_);
  timer_.reset();
  FetchAnswer answer;
  std::size_t next = 0;
  for (std::size_t i = 0; i < topic_names_.size(); ++i) {
    FetchAnswer::Topic& topic = answer.topics.emplace_back();
    topic.name = topic_names_[i];
    for (std::size_t left = topic_parts_[i]; left > 0; --left) {
      Part& part = parts_[next++];
      part.watch.reset();
      FetchAnswer::Partition& answered = topic.partitions.emplace_back();
      answered.index = part.partition.partition;
      answered.code = part.code;
      if (part.code != Code::none || !part.found) continue;
      Result<Fetched>& found = *part.found;
      if (!found) {
        answered.code = fetch_code_of(found.error().code);
        continue;
      }
      // Who has read all that there is has come to the end, also where a gap follows.
      const bool is_at_end = found->next_offset < 0 && !found->has_larger;
      answered.high_watermark = is_at_end ? part.offset : found->high_watermark;
      answered.log_start_offset = found->log_start_offset;
      answered.batches = std::move(found->batches);
    }
  }
  Writer writer = exchange_->begin();
  auto pieces = write_fetch(writer, exchange_->header().version, std::move(answer));
  // The room was for the largest answer; from here on this one counts.
  std::size_t bytes = 0;
  for (const std::string& piece : pieces) bytes += piece.size();
  charge_.release();
  http::ByteCharge held;
  std::ignore = held.take(context_.answers, bytes);
  exchange_->answer(std::move(pieces), std::move(held));
}

}  // namespace millrace::kafka
