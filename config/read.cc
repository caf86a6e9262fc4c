#include "config/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>

#include "config/utf8.h"

namespace b24 {
namespace {

constexpr std::size_t kLongestText = 200;      // characters of a one-line text
constexpr std::size_t kLongestMessage = 2000;  // characters of a template
constexpr std::size_t kLongestName = 60;

bool is_scalar(const YamlNode& node, Problems& problems) {
  if (node.kind == YamlNode::Kind::scalar) return true;
  const bool braces = node.flow && node.kind == YamlNode::Kind::map;
  if (braces) {
    problems.error("R015", node,
                   {"значение, которое начинается с «{», нужно взять в кавычки",
                    "a value that begins with \"{\" must be quoted"});
  } else {
    const bool list = node.kind == YamlNode::Kind::list;
    problems.error("R110", node,
                   {fmt::format("у «{}» одно значение, а не {}", node.key,
                                list ? "список" : "вложенные ключи"),
                    fmt::format("\"{}\" has one value, not {}", node.key,
                                list ? "a list" : "keys of its own")});
  }
  return false;
}

void warn_if_cut(const YamlNode& node, Problems& problems) {
  if (!node.cut) return;
  problems.warning("R014", node,
                   {"после « #» текст отброшен как комментарий: если «#» – часть текста, возьмите "
                    "его в кавычки",
                    "the text after \" #\" was dropped as a comment: if \"#\" belongs to it, quote "
                    "the text"});
}

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
  if (only("0123456789,-")) {
    return {fmt::format("«{}» – не число: дробная часть отделяется точкой", shown),
            fmt::format("\"{}\" is no number: a fraction is written with a point", shown)};
  }
  if (only("0123456789")) {
    return {fmt::format("«{}» – число с лишним нулём в начале или слишком длинное", shown),
            fmt::format("\"{}\" has a leading zero or is too long", shown)};
  }
  return {fmt::format("«{}» – не число: напишите его цифрами, например 10 или 2.5", shown),
          fmt::format("\"{}\" is no number: write it in digits, such as 10 or 2.5", shown)};
}

std::string number_text(double value) { return fmt::format("{:.15g}", value); }

// "14 days" -> 14 and "days"; "30m" -> 30 and "m".
struct Quantity {
  double amount = 0;
  std::string unit;
};

std::optional<Quantity> split_quantity(const std::string& text) {
  const std::size_t end = text.find_first_not_of("0123456789.");
  if (end == std::string::npos || end == 0 || !is_number(text.substr(0, end))) return std::nullopt;
  Quantity q;
  std::from_chars(text.data(), text.data() + end, q.amount);
  std::size_t at = end;
  while (at < text.size()) {
    const std::size_t begin = text.find_first_not_of(' ', at);
    if (begin == std::string::npos) break;
    const std::size_t stop = std::min(text.find(' ', begin), text.size());
    if (!q.unit.empty()) q.unit += ' ';
    q.unit += text.substr(begin, stop - begin);
    at = stop;
  }
  return q;
}

// The words for units of clock time, in seconds.
const std::map<std::string, double>& clock_units() {
  static const std::map<std::string, double> kUnits = [] {
    std::map<std::string, double> units;
    const auto add = [&](double length, std::initializer_list<const char*> words) {
      for (const char* word : words) units[word] = length;
    };
    add(1, {"s", "second", "seconds", "секунда", "секунды", "секунд"});
    add(60, {"m", "min", "minute", "minutes", "минута", "минуты", "минут", "мин"});
    add(3600, {"h", "hour", "hours", "час", "часа", "часов"});
    add(86400, {"d", "day", "days", "день", "дня", "дней"});
    add(604800, {"w", "week", "weeks", "неделя", "недели", "недель"});
    return units;
  }();
  return kUnits;
}

// The unit without "work"; the same text when it has none.
std::string without_work(const std::string& unit, bool& work) {
  for (const std::string_view prefix :
       {"work ", "рабочий ", "рабочая ", "рабочих ", "рабочие ", "рабочего ", "рабочей "}) {
    if (unit.starts_with(prefix)) {
      work = true;
      return unit.substr(prefix.size());
    }
  }
  return unit;
}

std::optional<Span> span_of(const Quantity& q) {
  bool work = false;
  const std::string unit = without_work(q.unit, work);
  const auto found = clock_units().find(unit);
  if (found == clock_units().end()) return std::nullopt;
  Span span;
  if (!work) {
    constexpr double kTenYears = 315360000;
    const double length = q.amount * found->second;
    if (length > kTenYears) return std::nullopt;
    span.clock = seconds{std::llround(length)};
    return span;
  }
  // A working week has as many days as the calendar says: not a length of its own.
  if (found->second < 60 || found->second > 86400) return std::nullopt;
  const bool in_days = found->second == 86400;
  span.unit = in_days ? Span::Unit::work_days : Span::Unit::work_minutes;
  span.amount = in_days ? q.amount : q.amount * found->second / 60;
  if (span.amount > 1e6) return std::nullopt;
  return span;
}

void no_duration(const YamlNode& node, Problems& problems) {
  problems.error(
      "R114", node,
      {fmt::format("«{}» – не длительность: пишите, например, 30 minutes, 2 work hours, "
                   "7 work days или 14 days",
                   excerpt(node.text)),
       fmt::format("\"{}\" is no duration: write, for example, 30 minutes, 2 work hours, "
                   "7 work days or 14 days",
                   excerpt(node.text))});
}

std::optional<minutes> minute_of_day(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (text.size() < 4 || text.size() > 5 || colon != text.size() - 3) return std::nullopt;
  int hour = 0, minute = 0;
  for (const auto& [part, value] :
       {std::pair{text.substr(0, colon), &hour}, std::pair{text.substr(colon + 1), &minute}}) {
    const auto [end, code] = std::from_chars(part.data(), part.data() + part.size(), *value);
    if (code != std::errc{} || end != part.data() + part.size()) return std::nullopt;
  }
  if (hour < 0 || minute < 0 || minute > 59 || hour * 60 + minute > 24 * 60) return std::nullopt;
  return minutes{hour * 60 + minute};
}

std::string joined(const std::vector<std::string>& words, const char* open, const char* close,
                   const char* last) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? last : ", ";
    text += open + words[i] + close;
  }
  return text;
}

}  // namespace

void Problems::add(Problem problem) {
  if (list_.size() >= kMostProblems) return;
  const Mark& mark = problem.mark;
  const std::string key = fmt::format("{}:{}:{}:{}:{}", mark.file, mark.line, mark.column,
                                      problem.code, problem.text.en);
  if (seen_.insert(key).second) list_.push_back(std::move(problem));
}

void Problems::error(const char* code, const YamlNode& at, Text text) {
  add({code, Severity::error, at.mark, at.width, std::move(text)});
}

void Problems::warning(const char* code, const YamlNode& at, Text text) {
  add({code, Severity::warning, at.mark, at.width, std::move(text)});
}

void Problems::error(const char* code, const std::filesystem::path& file, Text text) {
  add({code, Severity::error, {file.string(), 0, 0}, 1, std::move(text)});
}

Map::Map(const YamlNode& node, Problems& problems, std::vector<std::string> known)
    : node_(node), problems_(problems) {
  if (node.kind != YamlNode::Kind::map) {
    if (node.is_null()) return;
    problems.error("R110", node,
                   {fmt::format("здесь нужны ключи: {}", joined(known, "", "", ", ")),
                    fmt::format("keys are wanted here: {}", joined(known, "", "", ", "))});
    return;
  }
  for (const YamlEntry& entry : node.entries) {
    if (std::find(known.begin(), known.end(), entry.key.text) == known.end()) {
      report_unknown(entry.key, known);
    }
  }
}

void Map::report_unknown(const YamlNode& key, const std::vector<std::string>& known) const {
  static constexpr const char* kOrdinals[] = {"первая",  "вторая", "третья",  "четвёртая",
                                              "пятая",   "шестая", "седьмая", "восьмая",
                                              "девятая", "десятая"};
  const std::string shown = excerpt(key.text);
  const std::vector<Lookalike> letters = lookalikes(key.text, known);
  if (letters.size() == 1) {
    const Lookalike& l = letters[0];
    const std::string ordinal = l.position < std::size(kOrdinals)
                                    ? kOrdinals[l.position]
                                    : fmt::format("{}-я", l.position + 1);
    problems_.error("R102", key,
                    {fmt::format("в ключе «{}» {} буква русская – нужна латинская «{}»", shown,
                                 ordinal, l.latin),
                     fmt::format("letter {} of the key \"{}\" is Cyrillic: it must be the Latin "
                                 "\"{}\"",
                                 l.position + 1, shown, l.latin)});
    return;
  }
  if (letters.size() > 1) {
    std::vector<std::string> cyrillic;
    for (const Lookalike& l : letters) cyrillic.push_back(l.cyrillic);
    problems_.error("R102", key,
                    {fmt::format("в ключе «{}» есть русские буквы ({}): наберите его латинскими",
                                 shown, joined(cyrillic, "«", "»", ", ")),
                     fmt::format("the key \"{}\" has Cyrillic letters ({}): type it in Latin ones",
                                 shown, joined(cyrillic, "\"", "\"", ", "))});
    return;
  }
  const std::string guess = nearest(key.text, known);
  if (guess.empty()) {
    problems_.error(
        "R101", key,
        {fmt::format("неизвестный ключ «{}»; здесь бывают: {}", shown, joined(known, "", "", ", ")),
         fmt::format("unknown key \"{}\"; possible here: {}", shown, joined(known, "", "", ", "))});
  } else {
    problems_.error("R101", key,
                    {fmt::format("неизвестный ключ «{}» – может быть, «{}»?", shown, guess),
                     fmt::format("unknown key \"{}\" – did you mean \"{}\"?", shown, guess)});
  }
}

const YamlNode* Map::get(std::string_view key) const {
  const YamlEntry* entry = node_.entry(key);
  if (entry == nullptr) return nullptr;
  if (entry->value.is_null()) {
    problems_.error("R105", entry->key,
                    {fmt::format("у ключа «{}» нет значения", key),
                     fmt::format("the key \"{}\" has no value", key)});
    return nullptr;
  }
  return &entry->value;
}

const YamlNode* Map::need(std::string_view key) const {
  if (!has(key) && (node_.kind == YamlNode::Kind::map || node_.is_null())) {
    problems_.error(
        "R103", node_,
        {fmt::format("не хватает ключа «{}»", key), fmt::format("the key \"{}\" is missing", key)});
  }
  return get(key);
}

const YamlNode* Map::section(std::string_view key) const {
  const YamlEntry* entry = node_.entry(key);
  return entry == nullptr || entry->value.is_null() ? nullptr : &entry->value;
}

std::optional<std::string> read_text(const YamlNode& node, Problems& problems) {
  if (!is_scalar(node, problems)) return std::nullopt;
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
  if (!is_scalar(node, problems)) return std::nullopt;
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
  if (!is_scalar(node, problems)) return std::nullopt;
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
  return read_integer(node, {1, kLargestId}, problems);
}

std::optional<bool> read_flag(const YamlNode& node, Problems& problems) {
  if (!is_scalar(node, problems)) return std::nullopt;
  if (node.text == "true") return true;
  if (node.text == "false") return false;
  problems.error("R113", node,
                 {fmt::format("«{}»: здесь пишут true (да) или false (нет)", excerpt(node.text)),
                  fmt::format("\"{}\": write true or false here", excerpt(node.text))});
  return std::nullopt;
}

std::optional<std::string> read_word(const YamlNode& node, const std::vector<std::string>& words,
                                     Problems& problems) {
  if (!is_scalar(node, problems)) return std::nullopt;
  if (std::find(words.begin(), words.end(), node.text) != words.end()) return node.text;
  const std::string shown = excerpt(node.text);
  problems.error("R116", node,
                 {fmt::format("«{}»: у «{}» может быть {}", shown, node.key, listed_ru(words)),
                  fmt::format("\"{}\": \"{}\" can be {}", shown, node.key, listed_en(words))});
  return std::nullopt;
}

std::optional<Span> read_span(const YamlNode& node, Problems& problems) {
  if (!is_scalar(node, problems)) return std::nullopt;
  const auto quantity = split_quantity(node.text);
  if (quantity && quantity->unit.empty()) {
    problems.error("R114", node,
                   {fmt::format("у «{}» нет единицы: пишите, например, «{} minutes» или «{} work "
                                "days»",
                                excerpt(node.text), excerpt(node.text), excerpt(node.text)),
                    fmt::format("\"{}\" has no unit: write, for example, \"{} minutes\" or \"{} "
                                "work days\"",
                                excerpt(node.text), excerpt(node.text), excerpt(node.text))});
    return std::nullopt;
  }
  const auto span = quantity ? span_of(*quantity) : std::nullopt;
  if (!span) no_duration(node, problems);
  return span;
}

std::optional<seconds> read_duration(const YamlNode& node, seconds least, seconds most,
                                     Problems& problems) {
  const auto span = read_span(node, problems);
  if (!span) return std::nullopt;
  if (span->unit != Span::Unit::clock) {
    problems.error("R114", node,
                   {fmt::format("у «{}» считается обычное время, не рабочее", node.key),
                    fmt::format("\"{}\" counts clock time, not working time", node.key)});
    return std::nullopt;
  }
  if (span->clock < least || span->clock > most) {
    problems.error(
        "R112", node,
        {fmt::format("«{}»: допустимо от {} до {} секунд", node.key, least.count(), most.count()),
         fmt::format("\"{}\": from {} to {} seconds are possible", node.key, least.count(),
                     most.count())});
    return std::nullopt;
  }
  return span->clock;
}

std::optional<Day> read_day(const YamlNode& node, Problems& problems) {
  if (!is_scalar(node, problems)) return std::nullopt;
  const auto midnight =
      node.text.size() == 10 ? parse_time(node.text + "T00:00:00Z") : std::optional<Time>{};
  if (!midnight) {
    problems.error("R115", node,
                   {fmt::format("«{}» – не дата: пишите год-месяц-день, например '2026-11-21'",
                                excerpt(node.text)),
                    fmt::format("\"{}\" is no date: write year-month-day, such as '2026-11-21'",
                                excerpt(node.text))});
    return std::nullopt;
  }
  return std::chrono::floor<days>(*midnight);
}

std::optional<std::pair<minutes, minutes>> read_hours(const YamlNode& node, Problems& problems) {
  if (!is_scalar(node, problems)) return std::nullopt;
  const std::size_t dash = node.text.find('-');
  const auto from = minute_of_day(std::string_view(node.text).substr(0, dash));
  const auto to = dash == std::string::npos
                      ? std::nullopt
                      : minute_of_day(std::string_view(node.text).substr(dash + 1));
  if (!from || !to) {
    problems.error(
        "R118", node,
        {fmt::format("«{}» – не часы работы: пишите, например, '09:00-18:00'", excerpt(node.text)),
         fmt::format("\"{}\" are no working hours: write, for example, '09:00-18:00'",
                     excerpt(node.text))});
    return std::nullopt;
  }
  if (*from >= *to) {
    problems.error("R118", node,
                   {"конец рабочего дня должен быть позже начала",
                    "the working day must end after it begins"});
    return std::nullopt;
  }
  return std::pair{*from, *to};
}

std::optional<Sql> read_sql(const YamlNode& node, Problems& problems) {
  if (!is_scalar(node, problems)) return std::nullopt;
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

const std::vector<YamlNode>* read_list(const YamlNode& node, EmptyList empty, Problems& problems) {
  if (node.kind != YamlNode::Kind::list) {
    problems.error("R110", node,
                   {fmt::format("у «{}» должен быть список: [a, b] или строки с «- »", node.key),
                    fmt::format("\"{}\" must be a list: [a, b] or lines with \"- \"", node.key)});
    return nullptr;
  }
  if (node.items.empty() && empty == EmptyList::refused) {
    problems.error("R117", node,
                   {fmt::format("пустой список у «{}» ничего не выбирает: заполните его или "
                                "уберите ключ",
                                node.key),
                    fmt::format("the empty list of \"{}\" selects nothing: fill it or drop the "
                                "key",
                                node.key)});
    return nullptr;
  }
  return &node.items;
}

std::vector<std::int64_t> read_ids(const YamlNode* node, Problems& problems) {
  std::vector<std::int64_t> ids;
  if (node == nullptr) return ids;
  const auto* items = read_list(*node, EmptyList::allowed, problems);
  if (items == nullptr) return ids;
  for (const YamlNode& item : *items) {
    if (const auto id = read_id(item, problems)) ids.push_back(*id);
  }
  return ids;
}

std::string listed_ru(const std::vector<std::string>& words) {
  return joined(words, "«", "»", " или ");
}

std::string listed_en(const std::vector<std::string>& words) {
  return joined(words, "\"", "\"", " or ");
}

std::optional<std::string> read_file(const std::filesystem::path& file, Problems& problems) {
  std::error_code code;
  const auto status = std::filesystem::status(file, code);
  if (!std::filesystem::exists(status)) {
    problems.error("R001", file, {"такого файла нет", "there is no such file"});
    return std::nullopt;
  }
  if (!std::filesystem::is_regular_file(status)) {
    problems.error("R001", file, {"это не файл", "this is not a file"});
    return std::nullopt;
  }
  std::ifstream stream(file, std::ios::binary);
  std::string text(kLongestYaml + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream.is_open() || stream.bad()) {
    problems.error("R001", file,
                   {"файл не открывается: проверьте права на чтение",
                    "the file cannot be opened: check the rights to read it"});
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kLongestYaml) {
    problems.error("R002", file, {"файл больше 1 МиБ", "the file is larger than 1 MiB"});
    return std::nullopt;
  }
  return text;
}

}  // namespace b24
