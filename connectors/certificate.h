#pragma once

#include <openssl/types.h>

#include <string>

// Says why a certificate is not to be trusted.

namespace b24 {

// Why a certificate was refused, as OpenSSL saw it.
struct CertificateFault {
  int code = 0;            // X509_V_OK
  std::string expired_on;  // "21.11.2026"
  std::string valid_from;
  std::string issuer;
  std::string subject;
};

// After X509_verify_cert() has failed.
CertificateFault certificate_fault(X509_STORE_CTX* store);

// One sentence for a person: what is wrong with the certificate of `host`, and what to do.
std::string about(const CertificateFault& fault, const std::string& host);

}  // namespace b24
