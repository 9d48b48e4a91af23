#include "cluster/certs/issue.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/ec.h>

#include "cluster/certs/openssl.hpp"

namespace millrace::certs {
namespace {

constexpr std::uint32_t days_max = 36'500;
constexpr std::time_t clock_skew_s = 3'600;
constexpr std::time_t day_s = 86'400;
constexpr int serial_bits = 127;  // positive, and at most 20 bytes: RFC 5280, 4.1.2.2

Error invalid(std::string what) {
  return Error{ErrorCode::invalid_argument, std::move(what)};
}

// Allows only characters of host names and IP addresses: OpenSSL parses an extension as text, in
// which a comma or line break would start another entry.
bool is_host(const std::string& host) {
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
  });
}

bool is_ip(const std::string& host) {
  std::array<unsigned char, 16> address{};
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

bool set_serial(X509* certificate) {
  const std::unique_ptr<BIGNUM, Freer<&BN_free>> number(BN_new());
  return number && BN_rand(number.get(), serial_bits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_name(X509* certificate, const std::string& name) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

bool set_validity(X509* certificate, Validity validity) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), validity.now - clock_skew_s) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate),
                       validity.now + day_s * static_cast<std::time_t>(validity.days)) != nullptr;
}

using Extensions = std::vector<std::pair<int, std::string>>;

bool add_extensions(X509* certificate, X509* issuer, const Extensions& extensions) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const auto& [kind, text] : extensions) {
    const std::unique_ptr<X509_EXTENSION, Freer<&X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, &context, kind, text.c_str()));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) return false;
  }
  return true;
}

Result<void> check(const std::string& what, const std::string& name, Validity validity) {
  if (name.empty() || name.size() > name_length_max) {
    return invalid("name of the " + what + ": expected 1 to " + std::to_string(name_length_max) +
                   " characters, got \"" + name + "\"");
  }
  if (validity.days < 1 || validity.days > days_max) {
    return invalid("days: expected 1 to " + std::to_string(days_max) + ", got " +
                   std::to_string(validity.days));
  }
  return {};
}

// Makes an unsigned certificate without issuer and extensions.
Result<Certificate> make_certificate(const std::string& name, EVP_PKEY* key, Validity validity) {
  Certificate certificate(X509_new());
  if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      !set_serial(certificate.get()) || !set_name(certificate.get(), name) ||
      !set_validity(certificate.get(), validity) || X509_set_pubkey(certificate.get(), key) != 1) {
    return invalid("certificate of \"" + name + "\": " + last_error());
  }
  return certificate;
}

Result<Identity> sign(Certificate certificate, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                      const Extensions& extensions) {
  if (X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer)) != 1 ||
      !add_extensions(certificate.get(), issuer, extensions) ||
      X509_sign(certificate.get(), issuer_key, EVP_sha256()) == 0) {
    return invalid("certificate: " + last_error());
  }
  Identity identity{.certificate = write_certificate(certificate.get()), .key = write_key(key)};
  if (identity.certificate.empty() || identity.key.empty()) {
    return invalid("certificate: " + last_error());
  }
  return identity;
}

}  // namespace

Result<Identity> make_authority(const std::string& cluster, Validity validity) {
  if (auto checked = check("cluster", cluster, validity); !checked) return checked.error();
  const Key key(EVP_EC_gen("P-256"));
  auto certificate = make_certificate(cluster, key.get(), validity);
  if (!certificate) return certificate.error();
  X509* own = certificate->get();
  return sign(std::move(*certificate), key.get(), own, key.get(),
              {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
               {NID_key_usage, "critical,keyCertSign,cRLSign"},
               {NID_subject_key_identifier, "hash"}});
}

Result<Identity> issue(const Identity& authority, const std::string& node,
                       std::span<const std::string> hosts, Validity validity) {
  if (auto checked = check("node", node, validity); !checked) return checked.error();
  if (!is_host(node))
    return invalid("name of the node: expected [a-z0-9._-], got \"" + node + "\"");
  const Certificate issuer = read_certificate(authority.certificate);
  const Key issuer_key = read_key(authority.key);
  if (!issuer || !issuer_key || X509_check_private_key(issuer.get(), issuer_key.get()) != 1) {
    return invalid("authority: expected a certificate and its key");
  }
  std::string names = "DNS:" + node;
  for (const std::string& host : hosts) {
    if (!is_host(host)) {
      return invalid("host: expected a host name or an IP address, got \"" + host + "\"");
    }
    names += (is_ip(host) ? ",IP:" : ",DNS:") + host;
  }
  const Key key(EVP_EC_gen("P-256"));
  auto certificate = make_certificate(node, key.get(), validity);
  if (!certificate) return certificate.error();
  const ASN1_TIME* const last = X509_get0_notAfter(issuer.get());
  if (X509_cmp_time(last, &validity.now) < 0) {
    return invalid("authority: it has expired; renew it first");
  }
  if (ASN1_TIME_compare(last, X509_get0_notAfter(certificate->get())) < 0 &&
      X509_set1_notAfter(certificate->get(), last) != 1) {
    return invalid("certificate: " + last_error());
  }
  return sign(std::move(*certificate), key.get(), issuer.get(), issuer_key.get(),
              {{NID_basic_constraints, "critical,CA:FALSE"},
               {NID_key_usage, "critical,digitalSignature"},
               {NID_ext_key_usage, "serverAuth,clientAuth"},
               {NID_subject_key_identifier, "hash"},
               {NID_authority_key_identifier, "keyid"},
               {NID_subject_alt_name, names}});
}

}  // namespace millrace::certs
