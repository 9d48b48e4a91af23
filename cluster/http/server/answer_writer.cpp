#include "cluster/http/server/answer_writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "cluster/http/message/problem.hpp"

namespace millrace::http {
namespace {

/// What one connection writes before others have their turn.
constexpr std::uint64_t turn_bytes = 256u << 10;
constexpr std::string_view line_end = "\r\n";

beast_http::response<beast_http::string_body> head_of(const HttpResponse& response,
                                                      const AnswerForm& form) {
  beast_http::response<beast_http::string_body> out;
  out.version(form.is_http_1_0 ? 10 : 11);
  out.result(static_cast<unsigned>(response.status));
  out.reason(reason_of(response.status));
  for (const auto& [name, value] : response.headers) out.set(name, value);
  out.set(beast_http::field::cache_control, "no-store");
  out.set("X-Content-Type-Options", "nosniff");
  out.set(beast_http::field::content_type, response.content_type);
  out.keep_alive(form.keeps_alive);
  return out;
}

AnswerWriter::Progress judge(const NetError& error) {
  const bool is_blocked = error == net::error::would_block || error == net::error::try_again;
  return is_blocked ? AnswerWriter::Progress::blocked : AnswerWriter::Progress::failed;
}

}  // namespace

void AnswerWriter::start_answer(HttpResponse response, const AnswerForm& form) {
  auto out = head_of(response, form);
  out.body() = std::move(response.body);
  if (response.status == 204) {  // has neither body nor length: RFC 9110, 8.6
    out.erase(beast_http::field::content_type);
  } else {
    out.content_length(out.body().size());
  }
  message_ = std::make_unique<Message>(std::move(out));
  message_->is_head_only = form.is_head;
  if (form.is_head) message_->serializer.split(true);
}

void AnswerWriter::start_continue() {
  beast_http::response<beast_http::string_body> out;
  out.version(11);
  out.result(beast_http::status::continue_);
  message_ = std::make_unique<Message>(std::move(out));
}

void AnswerWriter::start_stream(const HttpResponse& response, const AnswerForm& form) {
  auto out = head_of(response, form);
  is_chunked_ = !form.is_http_1_0;
  out.chunked(is_chunked_);
  message_ = std::make_unique<Message>(std::move(out));
  message_->is_head_only = true;  // the pieces are its body
  message_->serializer.split(true);
}

void AnswerWriter::start_piece(std::shared_ptr<const std::string> text) {
  Piece piece{.text = std::move(text), .frame = {}, .is_chunk = is_chunked_};
  if (is_chunked_) {
    std::array<char, 24> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", piece.text->size());
    piece.frame = size.data();
  }
  piece_ = std::move(piece);
}

void AnswerWriter::start_end() {
  static const auto nothing = std::make_shared<const std::string>();
  if (is_chunked_) start_piece(nothing);  // a chunk of size 0 ends the body
}

AnswerWriter::Progress AnswerWriter::write_to(Tcp::socket& socket, std::uint64_t& written) {
  Progress progress = Progress::done;
  if (message_) progress = write_message(socket, written);
  if (progress == Progress::done && piece_) progress = write_piece(socket, written);
  return progress;
}

AnswerWriter::Progress AnswerWriter::write_message(Tcp::socket& socket, std::uint64_t& written) {
  auto& serializer = message_->serializer;
  const auto is_done = [&] {
    return message_->is_head_only ? serializer.is_header_done() : serializer.is_done();
  };
  const std::uint64_t before = written;
  while (!is_done()) {
    if (written - before >= turn_bytes) return Progress::paused;
    NetError error;
    written += beast_http::write_some(socket, serializer, error);
    if (error) return judge(error);
  }
  message_.reset();
  return Progress::done;
}

std::size_t AnswerWriter::Piece::size() const {
  return frame.size() + text->size() + (is_chunk ? line_end.size() : 0);
}

AnswerWriter::Progress AnswerWriter::write_piece(Tcp::socket& socket, std::uint64_t& written) {
  const std::uint64_t before = written;
  while (piece_->sent < piece_->size()) {
    if (written - before >= turn_bytes) return Progress::paused;
    std::array<net::const_buffer, 3> buffers{
        net::buffer(piece_->frame), net::buffer(*piece_->text),
        net::buffer(line_end.data(), piece_->is_chunk ? line_end.size() : 0)};
    beast::buffers_suffix<std::array<net::const_buffer, 3>> rest(buffers);
    rest.consume(piece_->sent);
    NetError error;
    const std::size_t count = socket.write_some(rest, error);
    piece_->sent += count;
    written += count;
    if (error) return judge(error);
  }
  piece_.reset();
  return Progress::done;
}

}  // namespace millrace::http
