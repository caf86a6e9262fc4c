#include "daemon/store/unicode.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace b24 {
namespace {

// Upper-case letters `first`..`last` in steps, each `delta` below its lower-case letter. Sorted.
struct CaseRange {
  char32_t first;
  char32_t last;
  char32_t step;
  std::int32_t delta;
};

constexpr CaseRange kUpper[] = {
    {0x0041, 0x005A, 1, 32},    // A-Z
    {0x00C0, 0x00D6, 1, 32},    // À-Ö
    {0x00D8, 0x00DE, 1, 32},    // Ø-Þ
    {0x0100, 0x012E, 2, 1},     // Ā-Į
    {0x0132, 0x0136, 2, 1},     // Ĳ-Ķ
    {0x0139, 0x0147, 2, 1},     // Ĺ-Ň
    {0x014A, 0x0176, 2, 1},     // Ŋ-Ŷ
    {0x0178, 0x0178, 1, -121},  // Ÿ
    {0x0179, 0x017D, 2, 1},     // Ź-Ž
    {0x0386, 0x0386, 1, 38},    // Ά
    {0x0388, 0x038A, 1, 37},    // Έ-Ί
    {0x038C, 0x038C, 1, 64},    // Ό
    {0x038E, 0x038F, 1, 63},    // Ύ-Ώ
    {0x0391, 0x03A1, 1, 32},    // Α-Ρ
    {0x03A3, 0x03AB, 1, 32},    // Σ-Ϋ
    {0x0400, 0x040F, 1, 80},    // Ѐ-Џ, Ё among them
    {0x0410, 0x042F, 1, 32},    // А-Я
    {0x0460, 0x0480, 2, 1},     // Ѡ-Ҁ
    {0x048A, 0x04BE, 2, 1},     // Ҋ-Ҿ: Kazakh, Tatar, Bashkir letters
    {0x04C0, 0x04C0, 1, 15},    // Ӏ
    {0x04C1, 0x04CD, 2, 1},     // Ӂ-Ӎ
    {0x04D0, 0x052E, 2, 1},     // Ӑ-Ԯ
    {0x0531, 0x0556, 1, 48},    // Ա-Ֆ
    {0x1E00, 0x1E94, 2, 1},     // Ḁ-Ẕ
    {0x1EA0, 0x1EFE, 2, 1},     // Ạ-Ỿ
};

// A byte that is not UTF-8, as a character that Unicode does not have.
constexpr char32_t kRawByte = 0x110000;

char32_t shifted(char32_t c, std::int32_t by) {
  return static_cast<char32_t>(static_cast<std::int32_t>(c) + by);
}

char32_t lower_case(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  const auto range = std::lower_bound(std::begin(kUpper), std::end(kUpper), c,
                                      [](const CaseRange& r, char32_t x) { return r.last < x; });
  if (range == std::end(kUpper) || c < range->first) return c;
  return (c - range->first) % range->step == 0 ? shifted(c, range->delta) : c;
}

char32_t upper_case(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  if (c == 0x03C2) return 0x03A3;  // the final sigma
  for (const CaseRange& range : kUpper) {
    const char32_t first = shifted(range.first, range.delta);
    const char32_t last = shifted(range.last, range.delta);
    if (c < first || c > last) continue;
    if ((c - first) % range.step == 0) return shifted(c, -range.delta);
  }
  return c;
}

// Equal for letters that differ in case only.
char32_t folded(char32_t c) { return c == 0x03C2 ? 0x03C3 : lower_case(c); }

void append(std::string& text, char32_t c) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (c >= kRawByte) {
    put(c - kRawByte);
  } else if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

template <class F>
std::string mapped(std::string_view text, F map) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) append(out, map(take_character(text)));
  return out;
}

// The length of the sequence a byte begins; 0 when it begins none.
std::size_t sequence_length(unsigned char byte) {
  if (byte < 0x80) return 1;
  if (byte >= 0xC2 && byte <= 0xDF) return 2;
  if (byte >= 0xE0 && byte <= 0xEF) return 3;
  if (byte >= 0xF0 && byte <= 0xF4) return 4;
  return 0;
}

}  // namespace

char32_t take_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = sequence_length(first);
  char32_t c = length <= 1 ? first : first & (0x7FU >> length);
  bool good = length > 0 && length <= text.size();
  for (std::size_t i = 1; good && i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    good = (byte & 0xC0) == 0x80;
    c = c << 6 | (byte & 0x3F);
  }
  // Overlong forms and numbers beyond Unicode are no characters either.
  good = good && !(length == 3 && c < 0x800) && !(length == 4 && (c < 0x10000 || c > 0x10FFFF));
  text.remove_prefix(good ? length : 1);
  return good ? c : kRawByte + first;
}

std::string to_lower(std::string_view text) { return mapped(text, lower_case); }
std::string to_upper(std::string_view text) { return mapped(text, upper_case); }

int compare_ignoring_case(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const char32_t x = folded(take_character(a));
    const char32_t y = folded(take_character(b));
    if (x != y) return x < y ? -1 : 1;
  }
  return static_cast<int>(!a.empty()) - static_cast<int>(!b.empty());
}

LikePattern::LikePattern(std::string_view pattern, char32_t escape) {
  while (!pattern.empty()) {
    const char32_t c = take_character(pattern);
    if (escape != 0 && c == escape && !pattern.empty()) {
      tokens_.push_back({Kind::character, folded(take_character(pattern))});
    } else if (c == '%') {
      if (tokens_.empty() || tokens_.back().kind != Kind::any) tokens_.push_back({Kind::any});
    } else if (c == '_') {
      tokens_.push_back({Kind::one});
    } else {
      tokens_.push_back({Kind::character, folded(c)});
    }
  }
}

bool LikePattern::matches(std::string_view text) const {
  std::size_t at = 0;
  // Where to go on after a mismatch: the latest % and the text it has not swallowed yet. Earlier
  // ones need no second try, which keeps the work bounded.
  std::size_t after_any = tokens_.size() + 1;
  std::string_view rest;
  while (!text.empty()) {
    if (at < tokens_.size() && tokens_[at].kind == Kind::any) {
      after_any = ++at;
      rest = text;
      continue;
    }
    std::string_view next = text;
    const char32_t c = folded(take_character(next));
    if (at < tokens_.size() && (tokens_[at].kind == Kind::one || tokens_[at].character == c)) {
      ++at;
      text = next;
    } else if (after_any <= tokens_.size()) {
      take_character(rest);
      text = rest;
      at = after_any;
    } else {
      return false;
    }
  }
  while (at < tokens_.size() && tokens_[at].kind == Kind::any) ++at;
  return at == tokens_.size();
}

}  // namespace b24
