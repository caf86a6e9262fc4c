#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "config/read.h"
#include "config/utf8.h"

// Texts, numbers, words, SQL.

namespace b24 {
namespace {

constexpr std::size_t kLongestText = 200;      // characters of a one-line text
constexpr std::size_t kLongestMessage = 2000;  // characters of a template
constexpr std::size_t kLongestName = 60;

void warn_if_cut(const YamlNode& node, Problems& problems) {
  if (!node.cut) return;
  problems.warning("R014", node,
                   {"после « #» текст отброшен как комментарий: если «#» – часть текста, возьмите "
                    "его в кавычки",
                    "the text after \" #\" was dropped as a comment: if \"#\" belongs to it, quote "
                    "the text"});
}

std::string number_text(double value) { return fmt::format("{:.15g}", value); }

// Why a text is no number, by the way people get it wrong.
Text why_no_number(const std::string& text) {
  const std::string shown = excerpt(text);
  const auto only = [&](const char* set) {
    return text.find_first_not_of(set) == std::string::npos &&
           text.find_first_of("0123456789") != std::string::npos;
  };
  if (text.ends_with('%')) {
    return {fmt::format("«{}» – лишний знак «%»: напишите только число", shown),
            fmt::format("\"{}\" has a needless \"%\": write the number alone", shown)};
  }
  if (only("0123456789")) {
    return {fmt::format("«{}» – число с лишним нулём в начале или слишком длинное", shown),
            fmt::format("\"{}\" has a leading zero or is too long", shown)};
  }
  if (only("0123456789,-")) {
    return {fmt::format("«{}» – не число: дробная часть отделяется точкой", shown),
            fmt::format("\"{}\" is no number: a fraction is written with a point", shown)};
  }
  return {fmt::format("«{}» – не число: напишите его цифрами, например 10 или 2.5", shown),
          fmt::format("\"{}\" is no number: write it in digits, such as 10 or 2.5", shown)};
}

}  // namespace

bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t dot = text.find('.');
  const auto digits = [](std::string_view part) {
    return !part.empty() &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  const std::string_view whole = text.substr(0, dot);
  if (!digits(whole) || whole.size() > 15 || (whole.size() > 1 && whole[0] == '0')) return false;
  return dot == std::string_view::npos || (text.size() - dot < 16 && digits(text.substr(dot + 1)));
}

std::optional<std::string> read_text(const YamlNode& node, Problems& problems) {
  if (!expect_scalar(node, problems)) return std::nullopt;
  warn_if_cut(node, problems);
  if (node.text.find_first_not_of(" \n") == std::string::npos) {
    problems.error("R105", node, {"пустое значение", "an empty value"});
    return std::nullopt;
  }
  if (node.text.find('\n') != std::string::npos || utf8::count(node.text) > kLongestText) {
    problems.error("R116", node,
                   {fmt::format("нужна одна строка не длиннее {} знаков", kLongestText),
                    fmt::format("one line of at most {} characters is wanted", kLongestText)});
    return std::nullopt;
  }
  return node.text;
}

namespace {

std::optional<std::string> message_text(const YamlNode& node, Problems& problems) {
  if (!expect_scalar(node, problems)) return std::nullopt;
  warn_if_cut(node, problems);
  std::string text = node.text;
  // A block ends with a line break that nobody wants to see.
  while (text.ends_with('\n') || text.ends_with(' ')) text.pop_back();
  if (text.empty()) {
    problems.error("R105", node, {"пустое значение", "an empty value"});
    return std::nullopt;
  }
  if (utf8::count(text) > kLongestMessage) {
    problems.error("R116", node,
                   {fmt::format("текст длиннее {} знаков", kLongestMessage),
                    fmt::format("the text is longer than {} characters", kLongestMessage)});
    return std::nullopt;
  }
  return text;
}

}  // namespace

std::optional<Text> read_message(const YamlNode& node, Problems& problems) {
  const bool by_language =
      node.kind == YamlNode::Kind::map && (!node.flow || node.find("ru") || node.find("en"));
  if (!by_language) {
    auto text = message_text(node, problems);
    if (!text) return std::nullopt;
    return Text{*text, {}};
  }
  const Map map(node, problems, {"ru", "en"});
  const YamlNode* ru = map.need("ru");
  const YamlNode* en = map.get("en");
  Text result;
  const auto russian = ru ? message_text(*ru, problems) : std::nullopt;
  const auto english = en ? message_text(*en, problems) : std::nullopt;
  if (!russian || (en && !english)) return std::nullopt;
  return Text{*russian, english.value_or("")};
}

std::optional<double> read_number(const YamlNode& node, Limits limits, Problems& problems) {
  if (!expect_scalar(node, problems)) return std::nullopt;
  double value = 0;
  if (!is_number(node.text)) {
    problems.error("R111", node, why_no_number(node.text));
    return std::nullopt;
  }
  std::from_chars(node.text.data(), node.text.data() + node.text.size(), value);
  if (value < limits.least || value > limits.most) {
    problems.error("R112", node,
                   {fmt::format("«{}»: число должно быть от {} до {}", node.key,
                                number_text(limits.least), number_text(limits.most)),
                    fmt::format("\"{}\": the number must lie between {} and {}", node.key,
                                number_text(limits.least), number_text(limits.most))});
    return std::nullopt;
  }
  return value;
}

std::optional<std::int64_t> read_integer(const YamlNode& node, Limits limits, Problems& problems) {
  const auto value = read_number(node, limits, problems);
  if (!value) return std::nullopt;
  if (node.text.find('.') != std::string::npos) {
    problems.error("R111", node,
                   {fmt::format("«{}» – нужно целое число", excerpt(node.text)),
                    fmt::format("\"{}\": a whole number is wanted", excerpt(node.text))});
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*value);
}

std::optional<std::int64_t> read_id(const YamlNode& node, Problems& problems) {
  constexpr double kLargestId = 1e12;
  const auto value = read_integer(node, {-kLargestId, kLargestId}, problems);
  if (!value || *value >= 1) return value;
  problems.error("R112", node,
                 {fmt::format("«{}»: номера на портале начинаются с 1", node.text),
                  fmt::format("\"{}\": ids of the portal begin with 1", node.text)});
  return std::nullopt;
}

std::optional<bool> read_flag(const YamlNode& node, Problems& problems) {
  if (!expect_scalar(node, problems)) return std::nullopt;
  if (node.text == "true") return true;
  if (node.text == "false") return false;
  problems.error("R113", node,
                 {fmt::format("«{}»: здесь пишут true (да) или false (нет)", excerpt(node.text)),
                  fmt::format("\"{}\": write true or false here", excerpt(node.text))});
  return std::nullopt;
}

std::optional<std::string> read_word(const YamlNode& node, const std::vector<std::string>& words,
                                     Problems& problems) {
  if (!expect_scalar(node, problems)) return std::nullopt;
  if (std::find(words.begin(), words.end(), node.text) != words.end()) return node.text;
  const std::string shown = excerpt(node.text);
  problems.error("R116", node,
                 {fmt::format("«{}»: у «{}» может быть {}{}", shown, node.key,
                              words.size() == 1 ? "только " : "", listed_ru(words)),
                  fmt::format("\"{}\": \"{}\" can be {}{}", shown, node.key,
                              words.size() == 1 ? "only " : "", listed_en(words))});
  return std::nullopt;
}

std::optional<Sql> read_sql(const YamlNode& node, Problems& problems) {
  if (!expect_scalar(node, problems)) return std::nullopt;
  if (node.style == YamlNode::Style::folded) {
    problems.error("R121", node,
                   {"для SQL поставьте «|» вместо «>»: «>» склеивает строки, и ошибки SQL "
                    "показывались бы не на своей строке",
                    "write \"|\" instead of \">\" for SQL: \">\" joins lines, and errors in the "
                    "SQL would point to a wrong line"});
    return std::nullopt;
  }
  if (node.style != YamlNode::Style::literal && !node.one_line) {
    problems.error("R121", node,
                   {"SQL в несколько строк начинают со знака «|» и новой строки",
                    "SQL of several lines begins with \"|\" and a new line"});
    return std::nullopt;
  }
  warn_if_cut(node, problems);
  if (node.text.find_first_not_of(" \t\n") == std::string::npos) {
    problems.error("R105", node, {"пустое значение", "an empty value"});
    return std::nullopt;
  }
  return Sql{node.text, node.content, node.indent};
}

std::optional<std::string> read_name(const YamlNode& node, Problems& problems) {
  const auto text = read_text(node, problems);
  if (!text) return std::nullopt;
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (text->size() <= kLongestName && !(text->front() >= '0' && text->front() <= '9') &&
      std::all_of(text->begin(), text->end(), fits)) {
    return text;
  }
  problems.error("R122", node,
                 {fmt::format("«{}»: имя пишут маленькими латинскими буквами, цифрами и «_», "
                              "начиная с буквы",
                              excerpt(*text)),
                  fmt::format("\"{}\": a name is written in small Latin letters, digits and "
                              "\"_\", a letter first",
                              excerpt(*text))});
  return std::nullopt;
}

}  // namespace b24
