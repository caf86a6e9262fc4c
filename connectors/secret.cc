#include "connectors/secret.h"

#include <openssl/crypto.h>

namespace b24 {

bool Secret::equals(std::string_view other) const {
  // The length is no secret: tokens of a portal are all of one length.
  return text_.size() == other.size() &&
         CRYPTO_memcmp(text_.data(), other.data(), other.size()) == 0;
}

}  // namespace b24
