#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/entity.h"
#include "rules/base/result.h"
#include "rules/calendar.h"

// The words of messages. A template is text with places in braces: {value}, {manager},
// {amount|money}, {value|plural:задача,задачи,задач}.
//
// Filters: money ("1 250 000"), round, number (no trailing zeroes), percent ("−38 %"), date
// ("21.11"), time ("14:05"), datetime, ago ("3 дня"), days ("14 дн."), plural:one,few,many
// (Russian rule; English takes the first and the last), phone ("+7•••12-34").
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
  // unknown_names(), since only the caller knows the names).
  static Result<Template> parse(std::string_view text);

  // Names of the places, for checking against a query's columns.
  std::set<std::string> names() const;

  // A name without a value prints as "—".
  std::string render(const std::map<std::string, Value>& values, const TextContext& context) const;

 private:
  struct Piece {
    std::string literal;  // or:
    std::string name;
    std::vector<std::string> filters;  // "plural:a,b,c" whole
  };
  std::vector<Piece> pieces_;
};

// Makes text from the portal harmless inside BB code.
std::string escape_bb(std::string_view text);
// "[url=https://…/crm/deal/details/5/]title[/url]".
std::string link(std::string_view url, std::string_view escaped_text);
// The page of an object in the portal (portal docs: message-formatting.md).
std::string object_url(std::string_view portal_url, Entity entity, std::int64_t id,
                       std::int64_t user_id);
// BB code taken off: "[b]x[/b]" -> "x", links as "text (url)".
std::string plain_text(std::string_view bb);
// "1 250 000", with narrow no-break spaces between thousands.
std::string format_money(double amount);
std::string plural(double value, std::string_view one, std::string_view few, std::string_view many);
// At most `limit` characters (not bytes), cut at a line's end, never inside a tag.
std::string shorten(std::string_view bb, std::size_t limit);

}  // namespace b24
