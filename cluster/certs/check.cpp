#include "cluster/certs/check.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <openssl/x509_vfy.h>

#include "cluster/certs/openssl.hpp"

namespace millrace::certs {
namespace {

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

// Formats a time as "Nov 24 23:00:00 2026 GMT".
std::string time_of(const ASN1_TIME* time) {
  const Memory memory(BIO_new(BIO_s_mem()));
  if (!memory || ASN1_TIME_print(memory.get(), time) != 1) return "an unknown time";
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::optional<std::time_t> time_at(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
  return timegm(&fields);
}

// Returns the DNS names of the certificate, or its common names if it has no DNS name.
std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  using Names = std::unique_ptr<GENERAL_NAMES, Freer<&GENERAL_NAMES_free>>;
  const Names alternatives(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (name->type == GEN_DNS) names.push_back(text_of(name->d.dNSName));
  }
  if (!names.empty()) return names;
  X509_NAME* subject = X509_get_subject_name(certificate);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) {
    names.push_back(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
  }
  return names;
}

// Replaces characters that are not printable ASCII by '?': the name comes from an untrusted file.
std::string printable(std::string text) {
  const auto is_unprintable = [](char c) {
    return c < 0x20 || c > 0x7E;
  };
  std::replace_if(text.begin(), text.end(), is_unprintable, '?');
  return text;
}

class Checker {
 public:
  Checker(const std::string& node, std::time_t now) : node_(node), now_(now) {}

  std::vector<Fault> run(const Credentials& credentials) {
    const std::vector<Certificate> authorities = read_certificates(credentials.authority);
    const Certificate certificate = read_certificate(credentials.certificate);
    const Key key = read_key(credentials.key);
    if (authorities.empty())
      add(Part::authority, "expected a certificate (PEM), got something else");
    if (!certificate) add(Part::certificate, "expected a certificate (PEM), got something else");
    if (!key) add(Part::key, "expected a private key (PEM, no passphrase), got something else");
    // Of several, an expired one is what a renewal has left.
    const bool has_valid =
        std::any_of(authorities.begin(), authorities.end(),
                    [this](const Certificate& authority) { return is_valid_now(authority.get()); });
    if (!authorities.empty() && !has_valid) {
      check_time(authorities.front().get(), Part::authority);
    }
    for (const Certificate& authority : authorities) {
      if (X509_check_ca(authority.get()) == 0) {
        add(Part::authority, "expected the certificate of an authority, got one that may not sign");
      }
    }
    if (certificate) {
      check_time(certificate.get(), Part::certificate);
      check_name(certificate.get());
    }
    // After other faults, the signature check would report the same faults in other words.
    if (faults_.empty()) check_signature(certificate.get(), authorities);
    if (certificate && key && X509_check_private_key(certificate.get(), key.get()) != 1) {
      add(Part::key, "expected the key of tls.certificate, got another one");
    }
    (void)last_error();
    return std::move(faults_);
  }

 private:
  void add(Part part, std::string what) { faults_.push_back({part, std::move(what)}); }

  [[nodiscard]] bool is_valid_now(X509* certificate) const {
    std::time_t now = now_;
    return X509_cmp_time(X509_get0_notBefore(certificate), &now) <= 0 &&
           X509_cmp_time(X509_get0_notAfter(certificate), &now) >= 0;
  }

  void check_time(X509* certificate, Part part) {
    if (X509_cmp_time(X509_get0_notBefore(certificate), &now_) > 0) {
      add(part, "expected a certificate that is valid now, got one from " +
                    time_of(X509_get0_notBefore(certificate)) + " on");
    } else if (X509_cmp_time(X509_get0_notAfter(certificate), &now_) < 0) {
      add(part, "expected a certificate that is valid now, got one that expired on " +
                    time_of(X509_get0_notAfter(certificate)));
    }
  }

  void check_name(X509* certificate) {
    if (node_.empty()) return;
    const std::vector<std::string> names = names_of(certificate);
    if (std::find(names.begin(), names.end(), node_) != names.end()) return;
    std::string got;
    for (const std::string& name : names)
      got += (got.empty() ? "\"" : ", \"") + printable(name) + '"';
    add(Part::certificate, "expected the certificate of node \"" + node_ + "\", got that of " +
                               (got.empty() ? "nobody" : got));
  }

  void check_signature(X509* certificate, const std::vector<Certificate>& authorities) {
    for (const int purpose : {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT}) {
      const std::unique_ptr<X509_STORE, Freer<&X509_STORE_free>> store(X509_STORE_new());
      const std::unique_ptr<X509_STORE_CTX, Freer<&X509_STORE_CTX_free>> context(
          X509_STORE_CTX_new());
      const bool is_filled =
          store && std::all_of(authorities.begin(), authorities.end(), [&](const Certificate& one) {
            return X509_STORE_add_cert(store.get(), one.get()) == 1;
          });
      if (!is_filled || !context ||
          X509_STORE_CTX_init(context.get(), store.get(), certificate, nullptr) != 1) {
        return add(Part::certificate,
                   "expected a certificate that can be checked: " + last_error());
      }
      X509_STORE_CTX_set_time(context.get(), 0, now_);
      X509_STORE_CTX_set_purpose(context.get(), purpose);
      if (X509_verify_cert(context.get()) == 1) continue;
      return add(Part::certificate,
                 std::string("expected a certificate signed by tls.ca, got: ") +
                     X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
    }
  }

  const std::string& node_;
  std::time_t now_;
  std::vector<Fault> faults_;
};

}  // namespace

std::vector<Fault> check(const Credentials& credentials, const std::string& node, std::time_t now) {
  return Checker(node, now).run(credentials);
}

std::vector<std::string> node_names(const std::string& certificate) {
  const Certificate read = read_certificate(certificate);
  return read ? names_of(read.get()) : std::vector<std::string>();
}

std::optional<std::time_t> end_of(const std::string& authority, const std::string& certificate) {
  const Certificate own = read_certificate(certificate);
  if (!own) return std::nullopt;
  auto end = time_at(X509_get0_notAfter(own.get()));
  for (const Certificate& one : read_certificates(authority)) {
    if (X509_check_issued(one.get(), own.get()) != X509_V_OK) continue;
    const auto last = time_at(X509_get0_notAfter(one.get()));
    if (end && last) return std::min(*end, *last);
  }
  (void)last_error();
  return std::nullopt;
}

}  // namespace millrace::certs
