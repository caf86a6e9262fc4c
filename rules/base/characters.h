#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

// Characters of UTF-8 text that is known to be valid, as people and editors count them.

namespace b24 {

constexpr bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

inline std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

}  // namespace b24
