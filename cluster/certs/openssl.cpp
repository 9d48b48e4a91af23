#include "cluster/certs/openssl.hpp"

#include <array>

#include <openssl/err.h>

namespace millrace::certs {

std::string last_error() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

}  // namespace millrace::certs
