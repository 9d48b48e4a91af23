// Files named by a config are checked before the node starts: certificates must belong together and
// to the node, secrets must not be readable by everybody, and each file must be a file. Uses real
// files.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "cluster/certs/certificate_files.hpp"
#include "cluster/config/file/load.hpp"
#include "tests/config/config_fixture.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::time_t now = 1'800'000'000;
constexpr std::time_t day = 86'400;

class ConfigFiles : public testing::Test {
 protected:
  ConfigFiles() {
    const auto files = certs::write_certificates(
        {.folder = path("certs"), .cluster = "test", .nodes = {"a", "b"}, .days = 30}, now);
    EXPECT_TRUE(files) << (files ? "" : files.error().message);
    write("token", "secret\n");
    chmod("token", std::filesystem::perms::owner_read);
  }

  [[nodiscard]] std::string path(const std::string& name) const {
    return (directory_.path() / name).string();
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }

  void chmod(const std::string& name, std::filesystem::perms mode) const {
    std::filesystem::permissions(path(name), mode);
  }

  /// Problems of node "a", which listens beyond loopback, with these files. Paths in the texts are
  /// relative to the test directory.
  [[nodiscard]] std::vector<std::string> problems(const std::string& certificate,
                                                  const std::string& key,
                                                  const std::string& ca = "certs/ca.crt",
                                                  const std::string& token = "token",
                                                  std::time_t at = now) const {
    write("f",
          "node.name = \"a\"\n[listen]\ncluster = \"0.0.0.0:7400\"\nhttp = \"0.0.0.0:8400\"\n"
          "[http]\ntoken_file = '" +
              path(token) + "'\n[tls]\nca = '" + path(ca) + "'\ncertificate = '" +
              path(certificate) + "'\nkey = '" + path(key) + "'\n");
    std::vector<std::string> texts = lines(load({.file = path("f")}, at));
    for (std::string& text : texts) {
      for (std::size_t i = 0; (i = text.find(path(""))) != std::string::npos;) {
        text.erase(i, path("").size());
      }
    }
    return texts;
  }

  journal::TemporaryDirectory directory_;
};

TEST_F(ConfigFiles, CertificatesOfTheNodeAreAccepted) {
  EXPECT_THAT(problems("certs/a.crt", "certs/a.key"), IsEmpty());
}

TEST_F(ConfigFiles, CertificatesOfAnotherNodeAreRefused) {
  EXPECT_THAT(problems("certs/b.crt", "certs/b.key"),
              ElementsAre("f:9:15: error: tls.certificate: expected the certificate of node \"a\", "
                          "got that of \"b\", in \"certs/b.crt\""));
}

TEST_F(ConfigFiles, AKeyOfAnotherCertificateIsRefused) {
  EXPECT_THAT(
      problems("certs/a.crt", "certs/b.key"),
      ElementsAre("f:10:7: error: tls.key: expected the key of tls.certificate, got another "
                  "one, in \"certs/b.key\""));
}

TEST_F(ConfigFiles, CertificatesOfAnotherAuthorityAreRefused) {
  ASSERT_TRUE(certs::write_certificates(
      {.folder = path("other"), .cluster = "other", .nodes = {"a"}, .days = 30}, now));
  EXPECT_THAT(problems("certs/a.crt", "certs/a.key", "other/ca.crt"),
              ElementsAre(HasSubstr("tls.certificate: expected a certificate signed by tls.ca")));
}

TEST_F(ConfigFiles, CertificatesOutsideTheirValidityAreRefused) {
  EXPECT_THAT(problems("certs/a.crt", "certs/a.key", "certs/ca.crt", "token", now + 31 * day),
              ElementsAre("f:8:6: error: tls.ca: expected a certificate that is valid now, got one "
                          "that expired on Feb 14 08:00:00 2027 GMT, in \"certs/ca.crt\"",
                          "f:9:15: error: tls.certificate: expected a certificate that is valid "
                          "now, got one that expired on Feb 14 08:00:00 2027 GMT, in "
                          "\"certs/a.crt\""));
  EXPECT_THAT(problems("certs/a.crt", "certs/a.key", "certs/ca.crt", "token", now - day),
              ElementsAre(HasSubstr("got one from Jan 15 07:00:00 2027 GMT on"),
                          HasSubstr("got one from Jan 15 07:00:00 2027 GMT on")));
}

TEST_F(ConfigFiles, MissingFilesAndFilesThatAreNoCertificatesAreNamed) {
  write("noise", "noise");
  EXPECT_THAT(
      problems("nowhere", "certs", "noise"),
      ElementsAre(
          "f:9:15: error: tls.certificate: expected a readable file, got \"nowhere\": No "
          "such file or directory",
          "f:10:7: error: tls.key: expected a readable file, got \"certs\": Is a directory"));
  EXPECT_THAT(problems("noise", "noise", "noise"),
              testing::Contains("f:8:6: error: tls.ca: expected a certificate (PEM), got something "
                                "else, in \"noise\""));
}

TEST_F(ConfigFiles, SecretsThatEverybodyCanReadAreRefused) {
  using std::filesystem::perms;
  chmod("certs/a.key", perms::owner_read | perms::group_read);
  EXPECT_THAT(problems("certs/a.crt", "certs/a.key"), IsEmpty());
  chmod("certs/a.key", perms::owner_read | perms::others_read);
  chmod("token", perms::owner_read | perms::others_read);
  EXPECT_THAT(
      problems("certs/a.crt", "certs/a.key"),
      ElementsAre("f:6:14: error: http.token_file: expected a file that not everybody may "
                  "read, got \"token\"; chmod o-r it",
                  "f:10:7: error: tls.key: expected a file that not everybody may read, got "
                  "\"certs/a.key\"; chmod o-r it"));
}

TEST_F(ConfigFiles, AnEmptyTokenFileIsRefused) {
  write("blank", " \n");
  chmod("blank", std::filesystem::perms::owner_read);
  EXPECT_THAT(problems("certs/a.crt", "certs/a.key", "certs/ca.crt", "blank"),
              ElementsAre("f:6:14: error: http.token_file: expected a file with a token, got "
                          "\"blank\", which is empty"));
}

TEST_F(ConfigFiles, FilesThatCannotHoldAConnectionStringAreRefused) {
  const auto refusal = [&](const std::string& name) {
    const auto dsn = read_dsn(path(name));
    return dsn ? "accepted: " + *dsn : dsn.error().message;
  };
  write("good", "  host=db1\n");
  EXPECT_EQ(refusal("good"), "accepted: host=db1");
  write("empty", "\n");
  EXPECT_EQ(refusal("empty"), path("empty") + ": expected a connection string, got an empty file");
  write("nul", std::string("host=db1\0user=x", 15));
  EXPECT_EQ(refusal("nul"),
            path("nul") + ": expected a connection string, got a file with NUL bytes");
  write("huge", std::string(100'000, 'x'));
  EXPECT_EQ(refusal("huge"),
            path("huge") + ": expected a connection string of at most 64 KiB, got more");
  EXPECT_EQ(refusal("certs"), path("certs") + ": Is a directory");
  EXPECT_EQ(refusal("none"), path("none") + ": No such file or directory");
}

TEST_F(ConfigFiles, PipesAreReadAsFarAsSomebodyWrites) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  const auto begun = std::chrono::steady_clock::now();
  const auto nothing = read_dsn(path("pipe"));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().message,
            path("pipe") + ": it is a pipe, and nothing was written to it for 5 s");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
  std::thread writer([&] { std::ofstream(path("pipe")) << "host=db1\n" << std::flush; });
  const auto dsn = read_dsn(path("pipe"));
  writer.join();
  ASSERT_TRUE(dsn) << dsn.error().message;
  EXPECT_EQ(*dsn, "host=db1");
}

TEST_F(ConfigFiles, FilesThatCannotBeAConfigAreRefused) {
  EXPECT_THAT(lines(load({.file = path("certs")}, now)),
              ElementsAre(HasSubstr("error: file: expected a readable file, got ")));
  EXPECT_THAT(lines(load({.file = path("none")}, now)), ElementsAre(HasSubstr("No such file")));
  EXPECT_THAT(lines(load({.file = "/dev/zero"}, now)), ElementsAre(HasSubstr("at most 1MiB")));
}

}  // namespace
}  // namespace millrace::config
