#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/entity.h"
#include "rules/base/result.h"
#include "rules/calendar.h"

// The words of messages. A template is text with places in braces: {value}, {manager},
// {amount|money}, {value|plural:задача,задачи,задач}. "{{" and "}}" print a brace.
//
// Filters:
//   money     "1 250 000"            round     whole number ("6,5" -> "7"); others may follow it
//   number    "6,3", as without any  percent   "−38 %"
//   date      "21.11"                time      "14:05"
//   datetime  "21.11 14:05"          ago       "3 дня", "2 ч 15 мин": since an instant;
//                                            as datetime while it is ahead
//   days      "14 дн."               work_days "14 раб. дн."
//   phone     "+7•••12-34"           plural:one,few,many   "5 задач" (English: first and last)
// days and work_days count whole days gone by ("меньше дня" before the first).
// Dates of another year carry the year. date also takes the text "2026-11-21". What a filter cannot
// use prints as it is; NULL and names without a value print as "—".
//
// Names that the router gives besides the columns of the query (route.h):
//   text, resolved  manager (linked), value, norm, change (percent of the norm: −38), rule, count
//                   (objects), duration (of the message: "2 ч 15 мин"); for `each` rules age (the
//                   greatest, in the limit's unit) and oldest (the instant it began)
//   item            url, title (never empty), link (the title, linked to the url), manager, and for
//                   `each` rules age and norm, and both in words: age_text, norm_text ("3 раб.
//                   дн.")
//
// What the portal gave (titles, names) is escaped: square brackets would be BB code. Only the
// template's own mark-up stays.

namespace b24 {

struct TextContext {
  const Calendar& calendar;
  Time now;
  std::string portal_url;
};

class Template {
 public:
  // Fails with invalid_input, naming the place and what is wrong with it ("{valeu}" is reported by
  // the caller from names(), since only he knows the columns).
  static Result<Template> parse(std::string_view text);

  // Names of the places, for checking against a query's columns.
  std::set<std::string> names() const;

  // `markup` are values that are BB code already, made by link() or user_link(); they win over
  // `values` of the same name and take no filter.
  std::string render(const std::map<std::string, Value>& values, const TextContext& context,
                     const std::map<std::string, std::string>& markup = {}) const;

 private:
  struct Piece {
    std::string literal;  // or:
    std::string name;
    std::vector<std::string> filters;  // "plural:a,b,c" whole
  };
  static tl::expected<Piece, std::string> read_place(std::string_view inside);

  std::vector<Piece> pieces_;
};

// The names of all filters, for suggestions.
const std::vector<std::string>& filter_names();

// --- BB code (portal docs: message-formatting.md) ---

// Makes text from the portal harmless inside BB code: "[" and "]" become round, ">>" (a quote)
// becomes "»", line breaks and control characters become spaces.
std::string escape_bb(std::string_view text);
// "[url=https://…/crm/deal/details/5/]title[/url]"; the text alone when there is no url.
std::string link(std::string_view url, std::string_view escaped_text);
// "[user=17]Иван Иванов[/user]".
std::string user_link(std::int64_t id, std::string_view name);
// The page of an object in the portal, as `user_id` opens it; "" for what has no page of its own
// (calls, departments, pipelines, stages).
std::string object_url(std::string_view portal_url, Entity entity, std::int64_t id,
                       std::int64_t user_id);
// BB code taken off: "[b]x[/b]" -> "x", links as "text (url)".
std::string plain_text(std::string_view bb);
// Characters that a reader sees: tags do not count.
std::size_t visible_length(std::string_view bb);
// At most `limit` visible characters and the final "…": cut at a line's end if there is one, never
// inside a tag; tags left open are closed.
std::string shorten(std::string_view bb, std::size_t limit);

// --- numbers and times ---

// "1 250 000", with narrow no-break spaces between thousands; "−5" with a true minus.
std::string format_money(double amount);
// "12", "6,3" (English "6.3"): one decimal, two below one; no trailing zeroes.
std::string format_number(double value);
// "25 мин", "2 ч 15 мин", "3 дня"; "минуту" at the least.
std::string format_duration(seconds duration);
// "14 дн.", "3 раб. дн.": whole days gone by; "меньше дня".
enum class DayKind { calendar, work };
std::string format_days(double amount, DayKind kind);
// The word that goes with the number: 1 задача, 2 задачи, 5 задач, 2,5 задачи.
std::string plural(double value, std::string_view one, std::string_view few, std::string_view many);

}  // namespace b24
