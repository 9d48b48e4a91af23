#include "cluster/kafka/server/exchange.hpp"

#include <numeric>
#include <utility>

namespace millrace::kafka {

Writer Exchange::begin() const {
  Writer writer(header_.encoding);
  begin_answer(writer, header_);
  return writer;
}

void Exchange::complete() {
  is_answered_ = true;
  on_gone_ = nullptr;
  // The memory of the request is free from here on, unless the node has kept a part of it.
  frame_.reset();
  if (host_ != nullptr) host_->on_answered();
}

void Exchange::answer(Writer& writer) {
  if (is_answered_) return;
  finish_answer(writer);
  pieces_.push_back(writer.take());
  complete();
}

void Exchange::answer(std::vector<std::string> pieces, http::ByteCharge charge) {
  if (is_answered_) return;
  const std::size_t bytes =
      std::accumulate(pieces.begin(), pieces.end(), std::size_t{0},
                      [](std::size_t sum, const std::string& piece) { return sum + piece.size(); });
  Writer length;
  length.uint32(static_cast<std::uint32_t>(bytes - 4));
  pieces.front().replace(0, 4, length.written());
  pieces_ = std::move(pieces);
  charge_ = std::move(charge);
  complete();
}

void Exchange::answer_nothing() {
  if (!is_answered_) complete();
}

void Exchange::answer_raw(std::string_view bytes) {
  if (is_answered_) return;
  Writer writer;
  writer.bytes(bytes);
  pieces_.push_back(writer.take());
  complete();
}

void Exchange::fail(const std::string& reason) {
  if (is_answered_ || host_ == nullptr) return;
  host_->on_failed(reason);
}

void Exchange::notify_gone() {
  host_ = nullptr;
  frame_.reset();
  if (auto notify = std::exchange(on_gone_, nullptr)) notify();
}

}  // namespace millrace::kafka
