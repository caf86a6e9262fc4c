#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Characters (code points) of UTF-8 text, since people count columns in characters.

namespace b24::utf8 {

struct Character {
  char32_t code = 0;       // U+FFFD for a byte that is no UTF-8
  std::size_t at = 0;      // offset of its first byte
  std::size_t length = 1;  // bytes
  bool valid = true;
};

// The character that begins at `at`, which must lie inside the text.
Character decode(std::string_view text, std::size_t at);

std::vector<Character> characters(std::string_view text);
std::size_t count(std::string_view text);

// The same with "?" for every byte that is no UTF-8, fit for any output.
std::string cleaned(std::string_view text);

// The first `limit` characters.
std::string_view head(std::string_view text, std::size_t limit);

}  // namespace b24::utf8
