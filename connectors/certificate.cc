#include "connectors/certificate.h"

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "connectors/say.h"
#include "connectors/utf8.h"

namespace b24 {
namespace {

std::string date_text(const ASN1_TIME* time) {
  std::tm parts{};
  if (!time || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return fmt::format("{:02}.{:02}.{:04}", parts.tm_mday, parts.tm_mon + 1, parts.tm_year + 1900);
}

std::string common_name(const X509_NAME* name) {
  char text[128] = {};
  if (!name || X509_NAME_get_text_by_NID(const_cast<X509_NAME*>(name), NID_commonName, text,
                                         sizeof text) < 0) {
    return {};
  }
  return clip_utf8(text, sizeof text);
}

// Whose certificate it is: newer ones have no common name, but a list of hosts.
std::string owner(const X509* certificate) {
  std::string name = common_name(X509_get_subject_name(certificate));
  if (!name.empty()) return name;
  auto* hosts = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(hosts) && name.empty(); ++i) {
    const GENERAL_NAME* host = sk_GENERAL_NAME_value(hosts, i);
    if (host->type != GEN_DNS) continue;
    const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(host->d.dNSName));
    const auto length = static_cast<std::size_t>(ASN1_STRING_length(host->d.dNSName));
    name = clip_utf8({text, length}, 128);
  }
  GENERAL_NAMES_free(hosts);
  return name;
}

}  // namespace

CertificateFault certificate_fault(X509_STORE_CTX* store) {
  CertificateFault found;
  found.code = X509_STORE_CTX_get_error(store);
  const X509* current = X509_STORE_CTX_get_current_cert(store);
  const X509* leaf = X509_STORE_CTX_get0_cert(store);
  const X509* culprit = current ? current : leaf;
  if (culprit) {
    found.expired_on = date_text(X509_get0_notAfter(culprit));
    found.valid_from = date_text(X509_get0_notBefore(culprit));
    found.issuer = common_name(X509_get_issuer_name(culprit));
  }
  if (leaf) found.subject = owner(leaf);
  return found;
}

std::string about(const CertificateFault& fault, const std::string& host) {
  switch (fault.code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return say(
          "Сертификат портала {} просрочен (истёк {}) – обновите его на портале или "
          "проверьте часы этого компьютера.",
          "The certificate of the portal {} has expired (on {}): renew it on the portal, or "
          "check this computer's clock.",
          host, fault.expired_on);
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return say(
          "Сертификат портала {} ещё не действует (начнёт {}) – проверьте часы этого "
          "компьютера.",
          "The certificate of the portal {} is not valid yet (from {} on): check this "
          "computer's clock.",
          host, fault.valid_from);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return say("Сертификат выдан не порталу {}, а «{}» – проверьте адрес портала.",
                 "The certificate belongs not to the portal {} but to “{}”: check the portal's "
                 "address.",
                 host, fault.subject);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return say(
          "Сертификат портала {} выдан неизвестным центром «{}» – если это ваш центр, "
          "укажите файл с его сертификатом в ca_file.",
          "The certificate of the portal {} was issued by the unknown authority “{}”: if it "
          "is yours, name the file with its certificate in ca_file.",
          host, fault.issuer);
    default:
      return say(
          "Сертификату портала {} нельзя доверять: {} – обратитесь к администратору "
          "портала.",
          "The certificate of the portal {} is not to be trusted: {}. Ask the portal's "
          "administrator.",
          host, X509_verify_cert_error_string(fault.code));
  }
}

}  // namespace b24
