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
  std::string code;  // "R101": stable
  Severity severity = Severity::error;
  Mark mark;
  int width = 1;  // characters to underline
  Text text;      // one sentence
};

// "rules/sales.yml:38:5: ошибка R101: неизвестный ключ «abvoe» – может быть, «above»?" followed by
// the source line and a caret line, when the file can be read. Ends without a newline. What looks
// like a secret is shown as "***", in the sentence's quotations and in the source line.
std::string format(const Problem& problem);
// The same without the source line, for one-line errors.
std::string format_line(const Problem& problem);

bool has_errors(const std::vector<Problem>& problems);

// A piece of somebody's file for use inside a sentence: one line, short, secrets masked.
std::string excerpt(std::string_view text);

// Every code there is, with what it means and what helps; ordered by code.
struct ProblemCode {
  std::string_view code;
  Text help;
};
const std::vector<ProblemCode>& problem_codes();

// The nearest of `candidates` to a mistyped word (Damerau-Levenshtein distance of at most 2, a
// wrong keyboard layout, Cyrillic look-alikes), or "".
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// A Cyrillic letter that looks like a Latin one, in a word that is right but for such letters.
struct Lookalike {
  std::size_t position = 0;  // in the word, in characters, from 0
  std::string cyrillic;
  std::string latin;
};
// The look-alikes in `word` when replacing them gives one of `candidates`; else nothing.
std::vector<Lookalike> lookalikes(std::string_view word,
                                  const std::vector<std::string>& candidates);

}  // namespace b24
