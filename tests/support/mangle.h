#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <string_view>

// Spoils a good text a little, for tests that a parser stands any: bytes are changed, cut out, put
// in from `alphabet`, or the rest is cut off, up to `most` times. The same seed, the same text.

namespace b24::test {

inline std::string mangle(std::string text, unsigned seed, std::string_view alphabet,
                          unsigned most = 4) {
  std::mt19937 random(seed);
  for (auto edits = random() % (most + 1); edits > 0; --edits) {
    const std::size_t at = random() % text.size();
    switch (random() % 4) {
      case 0:
        text[at] = static_cast<char>(random() % 256);
        break;
      case 1:
        text.erase(at, random() % 9 + 1);
        break;
      case 2:
        text.insert(at, 1, alphabet[random() % alphabet.size()]);
        break;
      default:
        text.resize(at + 1);
        break;
    }
    if (text.empty()) text = alphabet.substr(0, 1);
  }
  return text;
}

}  // namespace b24::test
