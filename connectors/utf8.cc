#include "connectors/utf8.h"

#include <cstdint>

namespace b24 {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
}

// The length of the valid character at `at`, or 0.
std::size_t character(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(text, at + i)) return 0;
  }
  const auto second = static_cast<unsigned char>(text[at + 1]);
  // Overlong forms, surrogates, beyond U+10FFFF.
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second >= 0xA0) ||
      (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second >= 0x90)) {
    return 0;
  }
  return length;
}

}  // namespace

std::string repair_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size() + 16);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character(text, at);
    result += length ? text.substr(at, length) : kReplacement;
    at += length ? length : 1;
  }
  return result;
}

std::string clip_utf8(std::string_view text, std::size_t bytes) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character(text, at);
    const std::string_view piece = length ? text.substr(at, length) : kReplacement;
    if (result.size() + piece.size() > bytes) return result + "…";
    result += static_cast<unsigned char>(piece[0]) < 0x20 ? std::string_view(" ") : piece;
    at += length ? length : 1;
  }
  return result;
}

}  // namespace b24
