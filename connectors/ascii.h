#pragma once

#include <string>
#include <string_view>

// Texts of protocols: only the letters A to Z have a case, and blanks are the bytes up to 0x20.

namespace b24 {

inline std::string lower_ascii(std::string_view text) {
  std::string result{text};
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

inline std::string_view without_trailing_blanks(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= 0x20) text.remove_suffix(1);
  return text;
}

}  // namespace b24
