// Certificates of a cluster authenticate their node and no other, key files are readable by their
// owner only, and existing files are not overwritten. Uses real files and certs::check(), which a
// node runs at its start.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "cluster/certs/certificate_files.hpp"
#include "cluster/certs/check.hpp"
#include "cluster/certs/issue.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace::certs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::time_t now = 1'800'000'000;
constexpr Validity month{.now = now, .days = 30};

ClusterCertificates wanted(const std::filesystem::path& folder, std::vector<std::string> nodes) {
  return {.folder = folder, .cluster = "test", .nodes = std::move(nodes), .days = 30};
}

std::vector<std::string> faults(const Credentials& credentials, const std::string& node) {
  std::vector<std::string> texts;
  for (const Fault& fault : check(credentials, node, now)) texts.push_back(fault.what);
  return texts;
}

std::string message(const Result<std::vector<std::filesystem::path>>& result) {
  return result ? "" : result.error().message;
}

TEST(Certificates, AuthenticateTheirNodeAndNoOther) {
  const auto authority = make_authority("test", month);
  ASSERT_TRUE(authority);
  const std::vector<std::string> hosts{"10.0.0.1", "::1", "a.example"};
  const auto node = issue(*authority, "a", hosts, month);
  ASSERT_TRUE(node);
  EXPECT_THAT(faults({authority->certificate, node->certificate, node->key}, "a"), IsEmpty());
  EXPECT_THAT(faults({authority->certificate, node->certificate, node->key}, "b"),
              ElementsAre(HasSubstr("got that of \"a\"")));
}

TEST(Certificates, OfANodeCannotSignOthers) {
  const auto authority = make_authority("test", month);
  ASSERT_TRUE(authority);
  const auto node = issue(*authority, "a", {}, month);
  ASSERT_TRUE(node);
  const auto forged = issue(*node, "b", {}, month);
  ASSERT_TRUE(forged);
  EXPECT_THAT(faults({node->certificate, forged->certificate, forged->key}, "b"),
              ElementsAre(HasSubstr("one that may not sign")));
}

TEST(Certificates, OfTheAuthorityAreRefusedForANode) {
  const auto authority = make_authority("a", month);
  ASSERT_TRUE(authority);
  EXPECT_THAT(faults({authority->certificate, authority->certificate, authority->key}, "a"),
              ElementsAre(HasSubstr("expected a certificate signed by tls.ca")));
}

TEST(Certificates, NamesAndHostsCannotInjectExtensions) {
  const auto authority = make_authority("test", month);
  ASSERT_TRUE(authority);
  const std::vector<std::string> smuggling{"x,DNS:b"};
  EXPECT_FALSE(issue(*authority, "a", smuggling, month));
  EXPECT_FALSE(issue(*authority, "a,DNS:b", {}, month));
  EXPECT_FALSE(issue(*authority, "a\nb", {}, month));
  EXPECT_FALSE(issue(*authority, "", {}, month));
  EXPECT_FALSE(issue(*authority, "a", {}, {.now = now, .days = 0}));
  EXPECT_FALSE(issue({.certificate = "x", .key = "y"}, "a", {}, month));
}

TEST(Certificates, KeyFilesAreReadableByTheirOwnerOnly) {
  const journal::TemporaryDirectory directory;
  const auto files = write_certificates(wanted(directory.path() / "new/certs", {"a"}), now);
  ASSERT_TRUE(files) << message(files);
  std::vector<std::string> names;
  for (const auto& file : *files) {
    struct stat status = {};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0077U, file.extension() == ".key" ? 0U : status.st_mode & 0044U);
    names.push_back(file.filename().string());
  }
  EXPECT_THAT(names, ElementsAre("ca.crt", "ca.key", "a.crt", "a.key"));
}

TEST(Certificates, DoNotOverwriteFiles) {
  const journal::TemporaryDirectory directory;
  std::ofstream(directory.path() / "b.key") << "mine";
  const auto files = write_certificates(wanted(directory.path(), {"a", "b"}), now);
  ASSERT_FALSE(files);
  EXPECT_THAT(message(files), HasSubstr("b.key: expected no such file, as none is overwritten"));
  const auto count = std::distance(std::filesystem::directory_iterator(directory.path()), {});
  EXPECT_EQ(count, 1);
}

TEST(Certificates, AreRefusedForInvalidNodes) {
  const journal::TemporaryDirectory directory;
  const auto refusal = [&](std::vector<std::string> nodes) {
    return message(write_certificates(wanted(directory.path(), std::move(nodes)), now));
  };
  EXPECT_THAT(refusal({}), HasSubstr("nodes: expected 1 to 1000, got 0"));
  EXPECT_THAT(refusal({"a", "a"}), HasSubstr("each name once"));
  EXPECT_THAT(refusal({"ca"}), HasSubstr("none \"ca\""));
  EXPECT_THAT(refusal({"../a"}), HasSubstr("got \"../a\""));
  EXPECT_THAT(refusal({std::string(65, 'a')}), HasSubstr("1 to 64 characters"));
  ClusterCertificates hosts = wanted(directory.path(), {"a"});
  hosts.hosts = {{.node = "z", .host = "x"}};
  EXPECT_THAT(message(write_certificates(hosts, now)), HasSubstr("one of the nodes, got \"z\""));
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Certificates, NeverEndAfterTheirAuthority) {
  const auto authority = make_authority("test", month);
  ASSERT_TRUE(authority);
  constexpr std::time_t day = 86'400;
  const auto later = issue(*authority, "a", {}, {.now = now + 20 * day, .days = 825});
  ASSERT_TRUE(later);
  EXPECT_EQ(end_of(authority->certificate, later->certificate), now + 30 * day);
  const auto sooner = issue(*authority, "a", {}, {.now = now, .days = 7});
  ASSERT_TRUE(sooner);
  EXPECT_EQ(end_of(authority->certificate, sooner->certificate), now + 7 * day);
  const auto too_late = issue(*authority, "a", {}, {.now = now + 31 * day, .days = 1});
  ASSERT_FALSE(too_late);
  EXPECT_THAT(too_late.error().message, HasSubstr("it has expired"));
}

class RenewedAuthority : public testing::Test {
 protected:
  RenewedAuthority() {
    EXPECT_TRUE(write_certificates(wanted(folder(), {"a", "b"}), now));
    before_ = text_of(folder() / "ca.crt");
  }

  [[nodiscard]] const std::filesystem::path& folder() const { return directory_.path(); }
  [[nodiscard]] std::vector<std::string> faults_of(const std::string& node,
                                                   const std::string& authority) const {
    return faults(
        {authority, text_of(folder() / (node + ".crt")), text_of(folder() / (node + ".key"))},
        node);
  }

  const journal::TemporaryDirectory directory_;
  std::string before_;
};

TEST_F(RenewedAuthority, IsTrustedBesideTheOldOneUntilThatIsDropped) {
  ASSERT_TRUE(renew_authority(wanted(folder(), {"a", "b"}), now));
  const std::string both = text_of(folder() / "ca.crt");
  EXPECT_THAT(both, HasSubstr(before_));
  EXPECT_THAT(faults_of("a", both), IsEmpty()) << "signed by the old authority";
  ASSERT_TRUE(renew_certificates(wanted(folder(), {"a"}), now));
  EXPECT_THAT(faults_of("a", both), IsEmpty()) << "signed by the new one";
  EXPECT_THAT(faults_of("b", both), IsEmpty());
  EXPECT_FALSE(faults_of("a", before_).empty()) << "a node that lacks the new ca.crt";

  const auto refused = drop_old_authorities(wanted(folder(), {"a", "b"}), now);
  ASSERT_FALSE(refused);
  EXPECT_THAT(message(refused), HasSubstr("b.crt: expected a certificate that the new authority"));
  ASSERT_TRUE(renew_certificates(wanted(folder(), {"b"}), now));
  ASSERT_TRUE(drop_old_authorities(wanted(folder(), {"a", "b"}), now));
  const std::string only = text_of(folder() / "ca.crt");
  EXPECT_EQ(both, only + before_);
  EXPECT_THAT(faults_of("a", only), IsEmpty());
  EXPECT_THAT(faults_of("b", only), IsEmpty());
}

TEST_F(RenewedAuthority, MayStandBesideOneThatHasExpired) {
  constexpr std::time_t later = now + 29 * 86'400;
  ASSERT_TRUE(renew_authority(wanted(folder(), {"a"}), later));
  ASSERT_TRUE(renew_certificates(wanted(folder(), {"a"}), later));
  const std::string both = text_of(folder() / "ca.crt");
  const Credentials credentials{both, text_of(folder() / "a.crt"), text_of(folder() / "a.key")};
  EXPECT_THAT(check(credentials, "a", later + 10 * 86'400), IsEmpty());
}

TEST_F(RenewedAuthority, LeavesExpiredOnesOut) {
  constexpr std::time_t later = now + 31 * 86'400;
  ASSERT_TRUE(renew_authority(wanted(folder(), {"a"}), later));
  EXPECT_EQ(text_of(folder() / "ca.crt").find(before_), std::string::npos);
}

}  // namespace
}  // namespace millrace::certs
