// AnswerWriter: writes answers to a socket that does not block, as far as it takes them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cluster/http/message/beast.hpp"
#include "cluster/http/message/http_message.hpp"

namespace millrace::http {

/// How an answer depends on its request.
struct AnswerForm {
  bool is_http_1_0 = false;
  bool is_head = false;     ///< to HEAD: without body
  bool keeps_alive = true;  ///< another answer may follow on the connection
};

/// One message or piece at a time: start_*(), then write_to() until it is done.
class AnswerWriter {
 public:
  enum class Progress : std::uint8_t {
    done,
    paused,   ///< as much as one turn of the loop may write; the socket takes more
    blocked,  ///< the socket takes no more now
    failed,   ///< the connection is of no use any more
  };

  void start_answer(HttpResponse response, const AnswerForm& form);
  void start_continue();
  /// The head of a stream. Its pieces are chunks, or plain text for HTTP/1.0.
  void start_stream(const HttpResponse& response, const AnswerForm& form);
  void start_piece(std::shared_ptr<const std::string> text);
  /// The end of a stream.
  void start_end();

  /// Adds the bytes written to `written`.
  [[nodiscard]] Progress write_to(Tcp::socket& socket, std::uint64_t& written);
  [[nodiscard]] bool is_busy() const { return message_ || piece_; }

 private:
  struct Message {
    explicit Message(beast_http::response<beast_http::string_body> filled)
        : response(std::move(filled)), serializer(response) {}
    beast_http::response<beast_http::string_body> response;
    beast_http::response_serializer<beast_http::string_body> serializer;
    bool is_head_only = false;
  };
  struct Piece {
    std::shared_ptr<const std::string> text;
    std::string frame;  ///< before the text
    std::size_t sent = 0;
    [[nodiscard]] std::size_t size() const;
    bool is_chunk = true;
  };

  [[nodiscard]] Progress write_message(Tcp::socket& socket, std::uint64_t& written);
  [[nodiscard]] Progress write_piece(Tcp::socket& socket, std::uint64_t& written);

  std::unique_ptr<Message> message_{};
  std::optional<Piece> piece_{};
  bool is_chunked_ = true;
};

}  // namespace millrace::http
