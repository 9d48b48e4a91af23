// Promises that no head of a request is taken which another reader might read in another way, and
// that what it says comes out as it stood there. Pure: text in, a request or a refusal out.
#include "cluster/http/server/head_parser.hpp"

#include <string>

#include <gtest/gtest.h>

#include "cluster/http/server/server_options.hpp"

namespace millrace::http {
namespace {

/// The status of the refusal of `head`; 0: it is taken.
int refusal_of(const std::string& head) {
  const auto parsed = parse_head(head);
  const auto* refusal = std::get_if<HttpResponse>(&parsed);
  return refusal == nullptr ? 0 : refusal->status;
}

/// A POST with `field`, a line or several.
std::string with(const std::string& field) {
  return "POST /a HTTP/1.1\r\nHost: localhost\r\n" + field + "\r\n\r\n";
}

TEST(HeadParser, GivesMethodTargetAndFields) {
  auto parsed = parse_head(
      "POST /a%2Fb?c=d HTTP/1.1\r\nhOsT: [::1]:8400\r\nX-One:  two \r\nX-One: three\r\n"
      "Content-Length: 12\r\nExpect: 100-Continue\r\n\r\n");
  const auto* head = std::get_if<ParsedHead>(&parsed);
  ASSERT_NE(head, nullptr) << std::get<HttpResponse>(parsed).body;
  EXPECT_EQ(head->request.method, "POST");
  EXPECT_EQ(head->request.target, "/a%2Fb?c=d");
  EXPECT_EQ(head->request.field("x-one"), "two");
  EXPECT_EQ(head->request.count("X-ONE"), 2u);
  EXPECT_EQ(head->request.field("none"), "");
  EXPECT_EQ(head->request.content_length, 12u);
  EXPECT_TRUE(head->expects_continue);
  EXPECT_TRUE(head->keeps_alive);
}

TEST(HeadParser, KnowsWhoKeepsAConnection) {
  const auto keeps = [](const std::string& head) {
    const auto parsed = parse_head(head);
    return std::get<ParsedHead>(parsed).keeps_alive;
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(HeadParser, TakesALengthAsOnePlainNumberOnly) {
  for (const char* length : {"+117", "-1", "0x75", "abc", "", " ",
                             "\xc2\xa0"
                             "5",
                             "5\xc2\xa0", "5, 5", "5,5", "5 5", "1e3", "5.0", "5;x", ","}) {
    EXPECT_EQ(refusal_of(with(std::string("Content-Length: ") + length)), 400) << length;
  }
  EXPECT_EQ(refusal_of(with("Content-Length: 5\r\nContent-Length: 5")), 400);
  EXPECT_EQ(refusal_of(with("Content-Length: 5\r\ncontent-LENGTH: 6")), 400);
  EXPECT_EQ(refusal_of(with("Content-Length: 99999999999999999999999")), 413);
  EXPECT_EQ(refusal_of(with("Content-Length:\t005 ")), 0);
}

TEST(HeadParser, TakesNoTransferEncoding) {
  for (const char* field :
       {"Transfer-Encoding: chunked", "Transfer-Encoding: gzip", "Transfer-Encoding: identity",
        "transfer-encoding: xchunked", "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: \x0b"
        "chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 3",
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding:", "Transfer-Encoding : chunked"}) {
    const int status = refusal_of(with(field));
    EXPECT_TRUE(status == 400 || status == 411) << field << ": " << status;
  }
}

TEST(HeadParser, WantsOneHost) {
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.0\r\n\r\n"), 0);
  for (const char* host : {"", " ", "a b", "a/b", "a@b", "a:b", "a:123456", "[::1", "a,b", ":80"}) {
    EXPECT_EQ(refusal_of(std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n"), 400) << host;
  }
}

TEST(HeadParser, RefusesWhatEndsLinesOrNamesForSomeReaders) {
  using std::string_literals::operator""s;
  for (const std::string& head : {"GET / HTTP/1.1\nHost: a\n\r\n\r\n"s,
                                  "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"s,
                                  "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"s,
                                  "GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n"s,
                                  "GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n"s,
                                  "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s,
                                  "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"s,
                                  "GET / HTTP/1.1\r\n Host: a\r\nHost: b\r\n\r\n"s,
                                  "GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n"s,
                                  "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"s,
                                  "GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n"s,
                                  "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"s,
                                  "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"s,
                                  "GET / HTTP/2.0\r\nHost: a\r\n\r\n"s,
                                  "GET / HTTP/1.2\r\nHost: a\r\n\r\n"s,
                                  "GET / http/1.1\r\nHost: a\r\n\r\n"s,
                                  "G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n"s,
                                  "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"s,
                                  "\r\n\r\n"s,
                                  "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n"s}) {
    EXPECT_EQ(refusal_of(head), 400) << head;
  }
}

TEST(HeadParser, BoundsFields) {
  std::string fields;
  for (std::size_t i = 0; i < head_fields_max - 1; ++i) fields += "X: y\r\n";
  EXPECT_EQ(refusal_of(with(fields.substr(0, fields.size() - 2))), 0);
  EXPECT_EQ(refusal_of(with(fields + "X: y")), 431);
  EXPECT_EQ(refusal_of(with("X: " + std::string(field_bytes_max - 3, 'y'))), 0);
  EXPECT_EQ(refusal_of(with("X: " + std::string(field_bytes_max, 'y'))), 400);
}

TEST(HeadParser, RefusesEncodingsAndExpectations) {
  EXPECT_EQ(refusal_of(with("Content-Encoding: gzip")), 415);
  EXPECT_EQ(refusal_of(with("Content-Encoding: Identity")), 0);
  EXPECT_EQ(refusal_of(with("Expect: a miracle")), 417);
}

}  // namespace
}  // namespace millrace::http
