#include "cluster/certs/openssl.hpp"

#include <array>
#include <limits>

#include <openssl/err.h>
#include <openssl/pem.h>

namespace millrace::certs {

std::string last_error() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

namespace {

Memory memory_of(const std::string& pem) {
  if (pem.size() > std::numeric_limits<int>::max()) return nullptr;
  return Memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::string read_all(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

// Passphrase callback that fails. Without it, OpenSSL would ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

std::vector<Certificate> read_certificates(const std::string& pem) {
  std::vector<Certificate> certificates;
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (memory) {
    Certificate next(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
    if (!next) break;
    certificates.push_back(std::move(next));
  }
  (void)last_error();  // of the end of the text
  return certificates;
}

Certificate read_certificate(const std::string& pem) {
  const Memory memory = memory_of(pem);
  if (!memory) return nullptr;
  return Certificate(PEM_read_bio_X509(memory.get(), nullptr, no_passphrase, nullptr));
}

Key read_key(const std::string& pem) {
  const Memory memory = memory_of(pem);
  if (!memory) return nullptr;
  return Key(PEM_read_bio_PrivateKey(memory.get(), nullptr, no_passphrase, nullptr));
}

std::string write_certificate(X509* certificate) {
  const Memory memory(BIO_new(BIO_s_mem()));
  if (!memory || PEM_write_bio_X509(memory.get(), certificate) != 1) return {};
  return read_all(memory.get());
}

std::string write_key(EVP_PKEY* key) {
  const Memory memory(BIO_new(BIO_s_mem()));
  if (!memory || PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr,
                                               nullptr) != 1) {
    return {};
  }
  return read_all(memory.get());
}

}  // namespace millrace::certs
