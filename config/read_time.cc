#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "config/read.h"

// Durations, days and hours.

namespace b24 {
namespace {

// "14 days" -> 14 and "days"; "30m" -> 30 and "m".
struct Quantity {
  double amount = 0;
  std::string unit;
};

std::optional<Quantity> split_quantity(const std::string& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  if (!is_number(text.substr(0, end))) return std::nullopt;
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

// The length in the largest unit that fits, as it would be written.
std::string duration_text(seconds length) {
  const std::int64_t count = length.count();
  const auto text = [](std::int64_t n, const char* unit) {
    return fmt::format("{} {}{}", n, unit, n == 1 ? "" : "s");
  };
  if (count != 0 && count % 86400 == 0) return text(count / 86400, "day");
  if (count != 0 && count % 3600 == 0) return text(count / 3600, "hour");
  if (count != 0 && count % 60 == 0) return text(count / 60, "minute");
  return text(count, "second");
}

}  // namespace

std::optional<Span> read_span(const YamlNode& node, Problems& problems) {
  if (!expect_scalar(node, problems)) return std::nullopt;
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
    problems.error("R112", node,
                   {fmt::format("«{}»: допустимо от {} до {}", node.key, duration_text(least),
                                duration_text(most)),
                    fmt::format("\"{}\": from {} to {} are possible", node.key,
                                duration_text(least), duration_text(most))});
    return std::nullopt;
  }
  return span->clock;
}

std::optional<Day> read_day(const YamlNode& node, Problems& problems) {
  if (!expect_scalar(node, problems)) return std::nullopt;
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
  if (!expect_scalar(node, problems)) return std::nullopt;
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

}  // namespace b24
