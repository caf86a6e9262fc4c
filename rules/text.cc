#include "rules/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "rules/base/characters.h"
#include "rules/base/language.h"

namespace b24 {
namespace {

constexpr std::string_view kNothing = "—";
constexpr std::size_t kLongestValue = 200;  // characters

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(trim(text.substr(0, at)));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

// The place in characters, from 1, as an editor counts it.
std::size_t place(std::string_view text, std::size_t byte) {
  return 1 + count_characters(text.substr(0, byte));
}

std::string_view base_name(std::string_view filter) { return filter.substr(0, filter.find(':')); }

// What is wrong with the filters of a place, or nothing.
std::optional<std::string> wrong_filters(const std::vector<std::string>& filters) {
  const auto& known = filter_names();
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const std::string_view filter = base_name(filters[i]);
    if (std::find(known.begin(), known.end(), filter) == known.end()) {
      return fmt::format(fmt::runtime(tr("неизвестный фильтр «{}»", "unknown filter \"{}\"")),
                         filter);
    }
    if (i + 1 < filters.size() && filter != "round") {
      return fmt::format(fmt::runtime(tr("после «{}» другого фильтра быть не может",
                                         "no filter may follow \"{}\"")),
                         filter);
    }
    const bool has_forms = filters[i].find(':') != std::string::npos;
    if (filter != "plural" && has_forms) {
      return fmt::format(
          fmt::runtime(tr("у фильтра «{}» нет параметров", "the filter \"{}\" has no parameters")),
          filter);
    }
    if (filter == "plural") {
      const auto forms =
          split(std::string_view{filters[i]}.substr(base_name(filters[i]).size()), ',');
      if (forms.size() != 3) {
        return std::string{tr("plural нужны три слова через запятую: plural:задача,задачи,задач",
                              "plural needs three words: plural:task,tasks,tasks")};
      }
    }
  }
  return std::nullopt;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
  });
}

// --- filters ---

std::string cut_value(const std::string& text) {
  return visible_length(text) <= kLongestValue ? text : shorten(text, kLongestValue);
}

std::string as_is(const Value& value) {
  if (std::holds_alternative<double>(value)) return format_number(std::get<double>(value));
  return cut_value(escape_bb(as_text(value)));
}

std::string day_text(Day day, const TextContext& context) {
  const std::chrono::year_month_day date{day};
  const std::chrono::year_month_day today{context.calendar.day_of(context.now)};
  std::string text = fmt::format("{:02}.{:02}", static_cast<unsigned>(date.day()),
                                 static_cast<unsigned>(date.month()));
  if (date.year() != today.year()) text += fmt::format(".{:04}", static_cast<int>(date.year()));
  return text;
}

std::string clock_text(Time t, const TextContext& context) {
  const auto minute = context.calendar.minute_of(t).count();
  return fmt::format("{:02}:{:02}", minute / 60, minute % 60);
}

std::string phone_text(const std::string& phone) {
  std::string digits;
  for (const char c : phone) {
    if (c >= '0' && c <= '9') digits += c;
  }
  // Up to five digits it is an extension and nobody's private number.
  if (digits.size() < 6) return escape_bb(phone);
  const std::string tail = digits.substr(digits.size() - 4);
  const std::string end = tail.substr(0, 2) + "-" + tail.substr(2);
  if (digits.size() < 11) return "•••" + end;
  const char country = digits.size() == 11 && digits[0] == '8' ? '7' : digits[0];
  return std::string{"+"} + country + "•••" + end;
}

std::string plural_text(double value, std::string_view filter) {
  const auto forms = split(filter.substr(std::string_view{"plural:"}.size()), ',');
  return fmt::format("{} {}", format_number(value), plural(value, forms[0], forms[1], forms[2]));
}

std::string number_text(double value, std::string_view filter) {
  const std::string_view base = base_name(filter);
  if (base == "money") return format_money(value);
  if (base == "percent") return format_number(std::round(value)) + " %";
  if (base == "days") return format_days(value, DayKind::calendar);
  if (base == "work_days") return format_days(value, DayKind::work);
  if (base == "plural") return plural_text(value, filter);
  return format_number(value);
}

std::string time_text(Time t, std::string_view filter, const TextContext& context) {
  if (filter == "time") return clock_text(t, context);
  if (filter == "ago" && t <= context.now) return format_duration(context.now - t);
  const std::string date = day_text(context.calendar.day_of(t), context);
  return filter == "date" ? date : date + " " + clock_text(t, context);
}

bool wants_time(std::string_view filter) {
  return filter == "date" || filter == "time" || filter == "datetime" || filter == "ago";
}

std::string filtered(const Value& value, std::string_view filter, const TextContext& context) {
  if (filter == "phone") return phone_text(as_text(value));
  if (wants_time(filter)) {
    if (const auto instant = as_integer(value)) {
      return time_text(from_unix(*instant), filter, context);
    }
    const auto day = parse_day(as_text(value));
    return day && filter == "date" ? day_text(*day, context) : as_is(value);
  }
  const auto number = as_number(value);
  return number ? number_text(*number, filter) : as_is(value);
}

std::string place_text(const Value& value, const std::vector<std::string>& filters,
                       const TextContext& context) {
  if (std::holds_alternative<std::monostate>(value)) return std::string{kNothing};
  if (filters.empty()) return as_is(value);
  Value current = value;
  for (const std::string& filter : filters) {
    if (filter != "round") return filtered(current, filter, context);
    if (const auto number = as_number(current)) current = std::round(*number);
  }
  return as_is(current);
}

}  // namespace

const std::vector<std::string>& filter_names() {
  static const std::vector<std::string> names = {"money", "round",     "number",   "percent",
                                                 "date",  "time",      "datetime", "ago",
                                                 "days",  "work_days", "plural",   "phone"};
  return names;
}

// A place without its braces: "amount | money".
tl::expected<Template::Piece, std::string> Template::read_place(std::string_view inside) {
  const auto parts = split(inside, '|');
  if (!is_name(parts[0])) {
    return tl::unexpected(std::string{tr("в скобках нужно имя, например {value}",
                                         "a name is needed in braces, such as {value}")});
  }
  Piece piece{{}, std::string{parts[0]}, {parts.begin() + 1, parts.end()}};
  if (auto problem = wrong_filters(piece.filters)) return tl::unexpected(std::move(*problem));
  return piece;
}

Result<Template> Template::parse(std::string_view text) {
  Template result;
  std::string literal;
  const auto wrong = [&](std::size_t at, std::string_view what) {
    return error(
        ErrorKind::invalid_input,
        fmt::format(fmt::runtime(tr("символ {}: {}", "character {}: {}")), place(text, at), what));
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool brace = c == '{' || c == '}';
    const bool doubled = brace && at + 1 < text.size() && text[at + 1] == c;
    if (!brace || doubled) {
      literal += c;
      if (doubled) ++at;
      continue;
    }
    if (c == '}') {
      return wrong(at, tr("«}» без «{»; сама скобка пишется «}}»",
                          "\"}\" without \"{\"; the brace itself is written \"}}\""));
    }
    const auto end = text.find_first_of("{}", at + 1);
    if (end == std::string_view::npos || text[end] == '{') {
      return wrong(at, tr("«{» не закрыта; сама скобка пишется «{{»",
                          "\"{\" is not closed; the brace itself is written \"{{\""));
    }
    auto piece = read_place(text.substr(at + 1, end - at - 1));
    if (!piece) return wrong(at, piece.error());
    if (!literal.empty()) result.pieces_.push_back({std::exchange(literal, {}), {}, {}});
    result.pieces_.push_back(std::move(*piece));
    at = end;
  }
  if (!literal.empty()) result.pieces_.push_back({std::move(literal), {}, {}});
  return result;
}

std::set<std::string> Template::names() const {
  std::set<std::string> names;
  for (const Piece& piece : pieces_) {
    if (!piece.name.empty()) names.insert(piece.name);
  }
  return names;
}

std::string Template::render(const std::map<std::string, Value>& values, const TextContext& context,
                             const std::map<std::string, std::string>& markup) const {
  std::string result;
  for (const Piece& piece : pieces_) {
    if (piece.name.empty()) {
      result += piece.literal;
    } else if (const auto ready = markup.find(piece.name); ready != markup.end()) {
      result += ready->second;
    } else {
      const auto found = values.find(piece.name);
      result += found == values.end() ? std::string{kNothing}
                                      : place_text(found->second, piece.filters, context);
    }
  }
  return result;
}

}  // namespace b24
