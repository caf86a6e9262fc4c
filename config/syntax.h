#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"

// What libyaml says of a broken file, in words of a person who writes rules.

namespace b24 {

// A place in the file: 1-based, columns in characters.
struct Place {
  int line = 0;
  int column = 0;
};

// What the parser knew when it gave up.
struct SyntaxError {
  std::string_view context;  // libyaml's words; may be empty
  std::string_view problem;
  Place context_at;
  Place at;
  // The last quoted text before the error, when it was the last thing read.
  std::optional<Place> quoted_from;
  Place quoted_to;  // behind its closing quote
};

std::vector<std::string_view> split_lines(std::string_view text);

Problem explain(const SyntaxError& error, const std::string& file,
                const std::vector<std::string_view>& lines);

// What must be mended before the parser may see the text: bytes that are no UTF-8, characters that
// nobody sees. Columns and lines of all later messages rely on it.
std::optional<Problem> check_characters(const std::string& file, std::string_view text);

}  // namespace b24
