// PEM, as text in memory.
#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

namespace millrace::certs {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using Key = std::unique_ptr<EVP_PKEY, Freer<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<&X509_free>>;
using Memory = std::unique_ptr<BIO, Freer<&BIO_free_all>>;

/// The newest of OpenSSL's errors on this thread as text; all of them are forgotten.
[[nodiscard]] std::string last_error();

/// The first certificate or private key in `pem`; null where there is none, or the key has a
/// passphrase. What follows it is ignored.
[[nodiscard]] Certificate read_certificate(const std::string& pem);
[[nodiscard]] Key read_key(const std::string& pem);

/// Empty where OpenSSL fails.
[[nodiscard]] std::string write_certificate(X509* certificate);
[[nodiscard]] std::string write_key(EVP_PKEY* key);

}  // namespace millrace::certs
