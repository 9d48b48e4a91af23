#include "tests/transport/test_certificates.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "actors/base/assert.hpp"

namespace millrace::transport {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Key make_key() {
  return {EVP_EC_gen("P-256"), EVP_PKEY_free};
}

File open_for_writing(const std::filesystem::path& path) {
  File file(std::fopen(path.c_str(), "w"));
  MILLRACE_ASSERT(file != nullptr);
  return file;
}

void extend(X509* certificate, int what, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
  MILLRACE_ASSERT(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate make_certificate(const std::string& name, EVP_PKEY* key, long seconds) {
  Certificate made(X509_new(), X509_free);
  X509_set_version(made.get(), 2);
  static std::int64_t serial = 0;
  ASN1_INTEGER_set_int64(X509_get_serialNumber(made.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), seconds);
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return made;
}

void write_certificate(const std::filesystem::path& path, X509* certificate) {
  PEM_write_X509(open_for_writing(path).get(), certificate);
}

void write_key(const std::filesystem::path& path, EVP_PKEY* key) {
  PEM_write_PrivateKey(open_for_writing(path).get(), key, nullptr, nullptr, 0, nullptr, nullptr);
}

}  // namespace

struct TestAuthority::Keys {
  Key key = make_key();
  Certificate certificate = make_certificate("authority", key.get(), 3600);
};

TestAuthority::TestAuthority() : keys_(std::make_unique<Keys>()) {
  std::string name = (std::filesystem::temp_directory_path() / "millrace-certs-XXXXXX").string();
  MILLRACE_ASSERT(mkdtemp(name.data()) != nullptr);
  directory_ = name;
  X509* const own = keys_->certificate.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  extend(own, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(own, keys_->key.get(), EVP_sha256());
  write_certificate(directory_ / "ca.pem", own);
}

TestAuthority::~TestAuthority() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

TlsFiles TestAuthority::issue(const std::string& name, long seconds) const {
  return issue(name, seconds, true);
}

TlsFiles TestAuthority::issue_without_dns_name(const std::string& name) const {
  return issue(name, 3600, false);
}

TlsFiles TestAuthority::issue(const std::string& name, long seconds, bool has_dns_name) const {
  const Key key = make_key();
  const Certificate made = make_certificate(name, key.get(), seconds);
  X509_set_issuer_name(made.get(), X509_get_subject_name(keys_->certificate.get()));
  if (has_dns_name) extend(made.get(), NID_subject_alt_name, "DNS:" + name);
  X509_sign(made.get(), keys_->key.get(), EVP_sha256());
  TlsFiles files{directory_ / "ca.pem", directory_ / (name + ".pem"), directory_ / (name + ".key")};
  write_certificate(files.certificate, made.get());
  write_key(files.key, key.get());
  return files;
}

}  // namespace millrace::transport
