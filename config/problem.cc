#include "config/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <regex>

#include "config/utf8.h"

namespace b24 {
namespace {

constexpr std::size_t kShownCharacters = 160;
constexpr std::size_t kExcerptCharacters = 60;
constexpr int kLongestFile = 1 << 20;

bool is_token_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Masks every long run of letters with digits among them: webhook codes and tokens look like that,
// and words do not.
std::string mask_tokens(std::string_view text) {
  constexpr std::size_t kShortestToken = 10;
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    bool digits = false, letters = false;
    for (; end < text.size() && is_token_character(text[end]); ++end) {
      (text[end] <= '9' ? digits : letters) = true;
    }
    if (end - at >= kShortestToken && digits && letters) {
      result += "***";
    } else {
      result += text.substr(at, end - at);
    }
    at = end;
    if (at < text.size() && !is_token_character(text[at])) result += text[at++];
  }
  return result;
}

// The same, and whatever follows "/rest/<number>/" or the key of a secret. The text must be short:
// regular expressions of the library recurse with every character.
std::string mask(std::string_view text) {
  static const std::regex kAddress("(/rest/[0-9]*/?)[^\\s\"']*");
  static const std::regex kKey("((webhook|token|secret|password)[a-z]*[\"']?\\s*:\\s*)\\S.*");
  std::string result = std::regex_replace(utf8::cleaned(text), kAddress, "$1***");
  result = std::regex_replace(result, kKey, "$1***");
  return mask_tokens(result);
}

// The wanted line, or nothing: the file may be gone, or never was one.
std::optional<std::string> source_line(const Mark& mark) {
  if (mark.line < 1) return std::nullopt;
  std::ifstream file(mark.file, std::ios::binary);
  std::string line;
  int read = 0;
  for (int n = 1; std::getline(file, line); ++n) {
    read += static_cast<int>(std::min<std::size_t>(line.size(), kLongestFile)) + 1;
    if (n == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
    if (n == mark.line) {
      if (line.ends_with('\r')) line.pop_back();
      return line;
    }
    if (read > kLongestFile) break;
  }
  return std::nullopt;
}

// Blanks up to the column, with tabs where the line has them, so that the caret stands right.
std::string padding(std::string_view line, std::size_t columns) {
  std::string pad;
  for (const utf8::Character& c : utf8::characters(line)) {
    if (pad.size() >= columns) break;
    pad += c.code == U'\t' ? '\t' : ' ';
  }
  pad.append(columns - pad.size(), ' ');
  return pad;
}

std::string underline(std::size_t width) { return "^" + std::string(width - 1, '~'); }

}  // namespace

std::string format_line(const Problem& problem) {
  std::string place = problem.mark.file;
  if (problem.mark.line > 0) place += fmt::format(":{}", problem.mark.line);
  if (problem.mark.line > 0 && problem.mark.column > 0) {
    place += fmt::format(":{}", problem.mark.column);
  }
  if (!place.empty()) place += ": ";
  const std::string_view severity =
      problem.severity == Severity::error ? tr("ошибка", "error") : tr("предупреждение", "warning");
  return fmt::format("{}{} {}: {}", utf8::cleaned(place), severity, problem.code,
                     problem.text.pick());
}

std::string format(const Problem& problem) {
  const std::string first = format_line(problem);
  const auto read = source_line(problem.mark);
  if (!read || utf8::count(*read) > kShownCharacters) return first;
  const std::string line = mask(*read);
  const std::string number = std::to_string(problem.mark.line);
  const std::size_t length = utf8::count(line);
  // After masking, columns behind the mask mean nothing: the caret stays within the line.
  const std::size_t column =
      std::min<std::size_t>(static_cast<std::size_t>(std::max(problem.mark.column, 1)), length + 1);
  const std::size_t width =
      std::clamp<std::size_t>(static_cast<std::size_t>(std::max(problem.width, 1)), 1,
                              std::max<std::size_t>(length + 1 - column, 1));
  return fmt::format("{}\n  {} | {}\n  {} | {}{}", first, number, line,
                     std::string(number.size(), ' '), padding(line, column - 1), underline(width));
}

bool has_errors(const std::vector<Problem>& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& p) { return p.severity == Severity::error; });
}

std::string excerpt(std::string_view text) {
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  const std::string_view begin = utf8::head(line, kShownCharacters);
  const std::string shown = mask(begin);
  const std::string_view head = utf8::head(shown, kExcerptCharacters);
  if (head.size() < shown.size() || begin.size() < text.size()) return std::string(head) + "…";
  return shown;
}

}  // namespace b24
