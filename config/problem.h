#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/base/language.h"
#include "rules/rule.h"

// What is wrong with a file that a person wrote: where, what, and what to do.

namespace b24 {

enum class Severity { error, warning };

struct Problem {
  std::string code;     // "R101": stable
  Severity severity = Severity::error;
  Mark mark;
  int width = 1;        // characters to underline
  Text text;            // one sentence
};

// "rules/sales.yml:38:5: ошибка R101: неизвестный ключ «abvoe» – может быть, «above»?" followed by
// the source line and a caret line, when the file can be read. Ends without a newline.
std::string format(const Problem& problem);
// The same without the source line, for one-line errors.
std::string format_line(const Problem& problem);

bool has_errors(const std::vector<Problem>& problems);

// The nearest of `candidates` to a mistyped word (Damerau-Levenshtein distance of at most 2, a
// wrong keyboard layout, Cyrillic look-alikes), or "".
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace b24
