// Owning pointers to OpenSSL objects, and PEM conversion in memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

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

/// Text of the latest OpenSSL error on this thread. Clears the error queue of the thread.
[[nodiscard]] std::string last_error();

/// Reads the first certificate or private key in `pem`; ignores the rest. Returns nullptr if there
/// is none or the key has a passphrase.
[[nodiscard]] Certificate read_certificate(const std::string& pem);
[[nodiscard]] Key read_key(const std::string& pem);

/// Reads all certificates in `pem`, in order, up to one that cannot be read.
[[nodiscard]] std::vector<Certificate> read_certificates(const std::string& pem);

/// Converts to PEM; returns an empty string if OpenSSL fails.
[[nodiscard]] std::string write_certificate(X509* certificate);
[[nodiscard]] std::string write_key(EVP_PKEY* key);

}  // namespace millrace::certs
