#include "config/utf8.h"

namespace b24::utf8 {
namespace {

// Length and first bits by the leading byte; 0 for a byte that begins nothing.
std::size_t length_of(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

bool is_code_point(char32_t code, std::size_t length) {
  if (length == 3 && code < 0x800) return false;
  if (length == 4 && (code < 0x10000 || code > 0x10FFFF)) return false;
  return code < 0xD800 || code > 0xDFFF;
}

}  // namespace

Character decode(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = length_of(lead);
  const Character broken{0xFFFD, at, 1, false};
  if (length == 0 || at + length > text.size()) return broken;
  char32_t code = length == 1 ? lead : lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[at + i]);
    if ((byte & 0xC0U) != 0x80U) return broken;
    code = (code << 6U) | (byte & 0x3FU);
  }
  if (!is_code_point(code, length)) return broken;
  return {code, at, length, true};
}

std::vector<Character> characters(std::string_view text) {
  std::vector<Character> all;
  for (std::size_t at = 0; at < text.size(); at += all.back().length) {
    all.push_back(decode(text, at));
  }
  return all;
}

std::size_t count(std::string_view text) {
  std::size_t n = 0;
  for (std::size_t at = 0; at < text.size(); at += decode(text, at).length) ++n;
  return n;
}

std::string cleaned(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = decode(text, at);
    result += c.valid ? text.substr(at, c.length) : "?";
    at += c.length;
  }
  return result;
}

std::string_view head(std::string_view text, std::size_t limit) {
  std::size_t at = 0;
  for (std::size_t n = 0; n < limit && at < text.size(); ++n) at += decode(text, at).length;
  return text.substr(0, at);
}

}  // namespace b24::utf8
