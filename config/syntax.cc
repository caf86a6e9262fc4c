#include "config/syntax.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/utf8.h"

namespace b24 {
namespace {

Problem problem(const char* code, const std::string& file, Place at, Text text, int width = 1) {
  return {code, Severity::error, {file, at.line, at.column}, width, std::move(text)};
}

// The value of "key: value" on a line, a list item's included: where it begins, and its text.
struct LineValue {
  int column = 0;  // 0: the line has none
  std::string_view text;
};

LineValue value_of(std::string_view line) {
  std::size_t at = line.find_first_not_of(" ");
  while (at != std::string_view::npos && line.substr(at).starts_with("- ")) {
    at = line.find_first_not_of(" ", at + 1);
  }
  if (at == std::string_view::npos) return {};
  const std::size_t colon = line.find(": ", at);
  if (colon == std::string_view::npos) return {};
  const std::size_t begin = line.find_first_not_of(" ", colon + 1);
  if (begin == std::string_view::npos) return {};
  return {static_cast<int>(utf8::count(line.substr(0, begin))) + 1, line.substr(begin)};
}

std::string_view line_at(const std::vector<std::string_view>& lines, int line) {
  if (line < 1 || static_cast<std::size_t>(line) > lines.size()) return {};
  return lines[static_cast<std::size_t>(line) - 1];
}

// Blanks before the first character, tabs and no-break spaces included.
bool tab_in_indentation(std::string_view line, int& column) {
  const std::size_t first = line.find_first_not_of(" \t");
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos || (first != std::string_view::npos && tab > first)) {
    return false;
  }
  column = static_cast<int>(tab) + 1;
  return true;
}

Text quote_the_text(std::string_view sign) {
  return {fmt::format("значение, которое начинается с «{}», нужно взять в кавычки", sign),
          fmt::format("a value that begins with \"{}\" must be quoted", sign)};
}

// "when: > 10", "text: {manager}: …", "title: @x": the first character means something to YAML.
std::optional<Problem> special_first_character(const std::string& file, int line,
                                               const LineValue& value) {
  if (value.column == 0) return std::nullopt;
  const char first = value.text.front();
  const Place at{line, value.column};
  if (first == '>' || first == '|' || first == '<') {
    return problem("R015", file, at,
                   {fmt::format("знак «{}» здесь не сравнивает: порог пишется ключом, например "
                                "above: 10 или below: 10",
                                first),
                    fmt::format("\"{}\" does not compare here: write the limit with a key, such "
                                "as above: 10 or below: 10",
                                first)});
  }
  if (std::string_view("{[&*!%@`-?,").find(first) == std::string_view::npos) return std::nullopt;
  return problem("R015", file, at, quote_the_text(value.text.substr(0, 1)));
}

Problem unclosed_quote(const std::string& file, Place open, Place end) {
  return problem("R012", file, open,
                 {fmt::format("кавычка открыта здесь и не закрыта: чтение дошло до {}:{}", end.line,
                              end.column),
                  fmt::format("the quote opened here is not closed: reading went on to {}:{}",
                              end.line, end.column)});
}

Problem unclosed_bracket(const std::string& file, Place open, Place end, bool list) {
  const char* bracket = list ? "]" : "}";
  return problem("R017", file, open,
                 {fmt::format("скобка открыта здесь и не закрыта: до {}:{} нет ни «,», ни «{}»",
                              end.line, end.column, bracket),
                  fmt::format("the bracket opened here is not closed: no \",\" or \"{}\" up to "
                              "{}:{}",
                              bracket, end.line, end.column)});
}

// A quote inside a quoted text ends it; what follows is a riddle to the parser.
std::optional<Problem> quote_ended_early(const SyntaxError& e, const std::string& file) {
  if (!e.quoted_from) return std::nullopt;
  if (e.quoted_from->line != e.quoted_to.line) return unclosed_quote(file, *e.quoted_from, e.at);
  if (e.quoted_to.line != e.at.line) return std::nullopt;
  return problem(
      "R027", file, e.quoted_to,
      {"после закрывающей кавычки стоит ещё текст: если кавычка – часть текста, возьмите "
       "весь текст в кавычки другого вида",
       "there is more text behind the closing quote: if the quote belongs to the text, "
       "put the whole text into quotes of the other kind"});
}

Problem misplaced_colon(const SyntaxError& e, const std::string& file, std::string_view line) {
  const LineValue value = value_of(line);
  if (value.column != 0 && value.column <= e.at.column) {
    if (auto special = special_first_character(file, e.at.line, value)) return *special;
    const int width = static_cast<int>(utf8::count(value.text));
    return problem(
        "R013", file, {e.at.line, value.column},
        {"текст с «: » внутри нужно взять в кавычки", "a text with \": \" inside must be quoted"},
        width);
  }
  return problem("R016", file, {e.at.line, 1},
                 {"строка сдвинута вправо, хотя строка выше уже имеет значение: проверьте отступ",
                  "the line is indented although the line above already has a value: check the "
                  "indentation"},
                 std::max(1, static_cast<int>(line.find_first_not_of(' '))));
}

Problem by_context(const SyntaxError& e, const std::string& file, std::string_view line) {
  if (e.problem.find("found unknown escape") != std::string_view::npos ||
      e.problem.find("hexdecimal") != std::string_view::npos ||
      e.problem.find("escape character") != std::string_view::npos) {
    return problem("R023", file, e.at,
                   {"после «\\» в двойных кавычках стоит неизвестный знак: возьмите текст в "
                    "одинарные кавычки или напишите «\\\\»",
                    "unknown character after \"\\\" in double quotes: use single quotes or write "
                    "\"\\\\\""});
  }
  if (e.problem.find("',' or ']'") != std::string_view::npos) {
    return unclosed_bracket(file, e.context_at, e.at, true);
  }
  if (e.problem.find("',' or '}'") != std::string_view::npos) {
    return unclosed_bracket(file, e.context_at, e.at, false);
  }
  if (e.problem == "could not find expected ':'") {
    return problem("R025", file, e.context_at,
                   {"здесь ждали «ключ: значение»: нет двоеточия с пробелом после него",
                    "\"key: value\" was expected here: no colon with a space behind it"});
  }
  if (auto special = special_first_character(file, e.at.line, value_of(line))) return *special;
  if (e.problem == "did not find expected key" ||
      e.problem == "did not find expected '-' indicator") {
    return problem("R016", file, e.at,
                   {fmt::format("отступ не совпадает с соседними строками: блок начат в {}:{}",
                                e.context_at.line, e.context_at.column),
                    fmt::format("the indentation differs from the lines beside: the block began "
                                "at {}:{}",
                                e.context_at.line, e.context_at.column)});
  }
  return problem(
      "R010", file, e.at,
      {"файл нельзя прочитать с этого места: проверьте отступы, кавычки и скобки строкой "
       "выше и здесь",
       "the file cannot be read from here on: check indentation, quotes and brackets on "
       "this line and the one above"});
}

bool is_control(char32_t c) {
  return (c < 0x20 && c != U'\t' && c != U'\n' && c != U'\r') || (c >= 0x7F && c < 0xA0) ||
         (c >= 0xFFFE && c <= 0xFFFF) || c == 0xFEFF;
}

}  // namespace

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\r\n");
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(text.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  return lines;
}

Problem explain(const SyntaxError& e, const std::string& file,
                const std::vector<std::string_view>& lines) {
  const std::string_view line = line_at(lines, e.at.line);
  int tab = 0;
  if (tab_in_indentation(line, tab)) {
    return problem("R011", file, {e.at.line, tab},
                   {"в отступе стоит табуляция: YAML понимает только пробелы",
                    "a tab in the indentation: YAML takes only spaces"});
  }
  if (e.context == "while scanning a quoted scalar") {
    return unclosed_quote(file, e.context_at, e.at);
  }
  if (auto quote = quote_ended_early(e, file)) return *quote;
  if (e.problem == "mapping values are not allowed in this context") {
    return misplaced_colon(e, file, line);
  }
  return by_context(e, file, line);
}

std::optional<Problem> check_characters(const std::string& file, std::string_view text) {
  Place at{1, 1};
  bool indentation = true;
  for (std::size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::decode(text, i);
    if (!c.valid) {
      return problem("R003", file, at,
                     {"файл сохранён не в UTF-8: сохраните его в этой кодировке",
                      "the file is not UTF-8: save it in this encoding"});
    }
    // YAML 1.1 counts the rare line ends as such, editors do not: positions would drift apart.
    if (is_control(c.code) || c.code == 0x2028 || c.code == 0x2029 ||
        (indentation && c.code == 0xA0)) {
      return problem("R026", file, at,
                     {fmt::format("невидимый знак U+{:04X}: удалите его или наберите пробел заново",
                                  static_cast<std::uint32_t>(c.code)),
                      fmt::format("an invisible character U+{:04X}: delete it or type the space "
                                  "again",
                                  static_cast<std::uint32_t>(c.code))});
    }
    i += c.length;
    const bool line_end = c.code == U'\n' || (c.code == U'\r' && !text.substr(i).starts_with("\n"));
    if (c.code != U' ') indentation = line_end;
    at = line_end ? Place{at.line + 1, 1} : Place{at.line, at.column + 1};
  }
  return std::nullopt;
}

}  // namespace b24
