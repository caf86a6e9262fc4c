#pragma once

#include <string>
#include <string_view>
#include <vector>

// Case for the scripts our users write in, as SQLite's own lower(), upper() and LIKE know ASCII
// only: Latin (Latin-1, Extended-A, Additional), Greek, Cyrillic, Armenian. One character maps to
// one character ("ß" stays). Bytes that are not UTF-8 are kept as they are and equal themselves.

namespace b24 {

std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
// Less than, equal to or greater than zero, case ignored.
int compare_ignoring_case(std::string_view a, std::string_view b);

// A pattern of LIKE: % is any text, _ any one character, case is ignored. Matching takes at most
// the product of both lengths.
class LikePattern {
 public:
  // `escape` takes the meaning of the character that follows it; 0 for none.
  explicit LikePattern(std::string_view pattern, char32_t escape = 0);
  bool matches(std::string_view text) const;

 private:
  enum class Kind { character, one, any };
  struct Token {
    Kind kind;
    char32_t character = 0;  // folded
  };
  std::vector<Token> tokens_;
};

// The first character of a text, cut from it; a byte that is not UTF-8 counts as one character
// beyond Unicode. `text` must not be empty.
char32_t take_character(std::string_view& text);

}  // namespace b24
