#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <string>

// Certificates for tests, made on the spot.

namespace b24::test {

// A certificate with its key, as files in PEM.
struct Certificate {
  std::filesystem::path file;
  std::filesystem::path key;
};

// Certificates made on the spot; the folder goes with the object.
class Authority {
 public:
  explicit Authority(const std::string& name = "Test authority") {
    static std::atomic<int> count{0};
    folder_ = std::filesystem::temp_directory_path() /
              ("b24_ca_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(folder_);
    key_ = EVP_EC_gen("P-256");
    certificate_ = make(name, {}, key_, -86400, 86400 * 365);
    save(certificate_, key_, "ca");
  }
  ~Authority() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
    std::filesystem::remove_all(folder_);
  }
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  std::string ca_file() const { return (folder_ / "ca.pem").string(); }

  // For `names` ("DNS:a.test,IP:127.0.0.1"), valid between two moments, in seconds from now.
  Certificate issue(const std::string& common_name, const std::string& names, long from = -86400,
                    long until = 86400 * 30) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = make(common_name, names, key, from, until);
    const std::string base = "leaf" + std::to_string(issued_++);
    save(certificate, key, base);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return {folder_ / (base + ".pem"), folder_ / (base + ".key")};
  }

 private:
  X509* make(const std::string& common_name, const std::string& names, EVP_PKEY* key, long from,
             long until) {
    X509* x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(x), from);
    X509_gmtime_adj(X509_getm_notAfter(x), until);
    X509_set_pubkey(x, key);
    X509_NAME* name = X509_get_subject_name(x);
    const auto* text = reinterpret_cast<const unsigned char*>(common_name.c_str());
    if (!common_name.empty())
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0);
    X509_set_issuer_name(x, certificate_ ? X509_get_subject_name(certificate_) : name);
    if (names.empty()) {
      extend(x, NID_basic_constraints, "critical,CA:TRUE");
    } else {
      extend(x, NID_subject_alt_name, names);
    }
    X509_sign(x, key_, EVP_sha256());
    return x;
  }

  static void extend(X509* x, int id, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str());
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
  }

  void save(X509* x, EVP_PKEY* key, const std::string& base) const {
    FILE* out = std::fopen((folder_ / (base + ".pem")).c_str(), "w");
    PEM_write_X509(out, x);
    std::fclose(out);
    out = std::fopen((folder_ / (base + ".key")).c_str(), "w");
    PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
  }

  std::filesystem::path folder_;
  EVP_PKEY* key_ = nullptr;
  X509* certificate_ = nullptr;
  long serial_ = 0;
  int issued_ = 0;
};

}  // namespace b24::test
