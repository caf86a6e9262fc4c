#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "rules/base/entity.h"

// A 64-bit hash of a row's values, kept in the mirror to see without comparing that a row has not
// changed. Not for untrusted tables; a wrong match is a matter of 1 in 2^64 per row.

namespace b24 {

class RowHash {
 public:
  void add(std::uint64_t word) {
    state_ = (state_ ^ word) * 0x9E37'79B9'7F4A'7C15ULL;
    state_ ^= state_ >> 29;
  }
  void add(std::string_view text) {
    add(text.size());
    for (; text.size() >= 8; text.remove_prefix(8)) add(word_of(text, 8));
    if (!text.empty()) add(word_of(text, text.size()));
  }
  // The type counts: NULL, 0, 0.0 and "" are four different values.
  void add(const Value& value) {
    add(static_cast<std::uint64_t>(value.index()));
    if (const auto* i = std::get_if<std::int64_t>(&value)) add(static_cast<std::uint64_t>(*i));
    if (const auto* s = std::get_if<std::string>(&value)) add(std::string_view{*s});
    if (const auto* d = std::get_if<double>(&value)) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, d, sizeof bits);
      add(bits);
    }
  }
  std::int64_t result() const { return static_cast<std::int64_t>(state_); }

 private:
  static std::uint64_t word_of(std::string_view text, std::size_t bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), bytes);
    return word;
  }
  std::uint64_t state_ = 0x2545'F491'4F6C'DD1DULL;
};

}  // namespace b24
