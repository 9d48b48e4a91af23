// PEM, as text in memory.
#pragma once

#include <string>

#include "cluster/certs/openssl.hpp"

namespace millrace::certs {

/// The first certificate or private key in `pem`; null where there is none, or the key has a
/// passphrase. What follows it is ignored.
[[nodiscard]] Certificate read_certificate(const std::string& pem);
[[nodiscard]] Key read_key(const std::string& pem);

/// Empty where OpenSSL fails.
[[nodiscard]] std::string write_certificate(X509* certificate);
[[nodiscard]] std::string write_key(EVP_PKEY* key);

}  // namespace millrace::certs
