#include "daemon/cli/verify_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/problem.h"
#include "connectors/bitrix24/value.h"
#include "connectors/say.h"
#include "rules/text.h"

namespace b24 {
namespace {

// One of a list, "сделка": what a difference is about.
std::string_view one_of(Entity entity) {
  switch (entity) {
    case Entity::user:
      return tr("сотрудник", "employee");
    case Entity::department:
      return tr("отдел", "department");
    case Entity::pipeline:
      return tr("воронка", "pipeline");
    case Entity::stage:
      return tr("статус", "status");
    case Entity::deal:
      return tr("сделка", "deal");
    case Entity::task:
      return tr("задача", "task");
    case Entity::call:
      return tr("звонок", "call");
    case Entity::lead:
      return tr("лид", "lead");
    case Entity::quote:
      return tr("предложение", "quote");
    case Entity::invoice:
      return tr("счёт", "invoice");
    case Entity::contact:
      return tr("контакт", "contact");
    case Entity::company:
      return tr("компания", "company");
    case Entity::activity:
      return tr("дело", "activity");
    case Entity::deal_move:
      return tr("переход сделки", "move of a deal");
    case Entity::lead_move:
      return tr("переход лида", "move of a lead");
    case Entity::invoice_move:
      return tr("переход счёта", "move of an invoice");
    case Entity::currency:
      return tr("валюта", "currency");
    case Entity::payment:
      return tr("оплата", "payment");
    case Entity::order_link:
      return tr("заказ", "order");
  }
  return "?";
}

std::string number(std::int64_t value) { return format_money(static_cast<double>(value)); }

std::string rows(std::int64_t value) {
  return fmt::format("{} {}", number(value),
                     language() == Language::en
                         ? (value == 1 ? "row" : "rows")
                         : plural(static_cast<double>(value), "строка", "строки", "строк"));
}

bool is_time(const Difference& difference) {
  const auto fields = spec(difference.entity).fields;
  return std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
    return field.column == difference.field && field.type == FieldType::time;
  });
}

// As the portal knows the row.
std::string id_of(const Difference& difference) {
  const bool coded = spec(difference.entity).id_style == IdStyle::code;
  return coded ? code_of_id(difference.id) : std::to_string(difference.id);
}

// Texts are quoted, so that a blank at the end is seen.
std::string shown(const Difference& difference, const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return std::string{tr("пусто", "nothing")};
  if (const auto* text = std::get_if<std::string>(&value)) {
    return fmt::format(fmt::runtime(tr("«{}»", "\"{}\"")), excerpt(*text));
  }
  const auto at = as_integer(value);
  if (at && is_time(difference)) return format_utc(from_unix(*at));
  return as_text(value);
}

// "сверено 40 000 из 200 000 id и 200 строк"
std::string about_coverage(const StreamVerdict& stream) {
  const std::int64_t all = std::max(stream.portal_rows.value_or(stream.ids), stream.ids);
  const std::string ids = stream.ids == all
                              ? number(stream.ids)
                              : say("{} из {}", "{} of {}", number(stream.ids), number(all));
  return say("сверено {} id и {}", "compared {} ids and {}", ids, rows(stream.rows));
}

std::string why_not(const StreamVerdict& stream) {
  if (stream.refused) {
    return say("не сверялись, портал их не даёт: {}",
               "not compared, the portal does not give them: {}", stream.problem);
  }
  if (!stream.problem.empty()) {
    return say("не сверялись: {}", "not compared: {}", stream.problem);
  }
  return std::string{
      tr("не сверялись, ещё не прочитаны целиком", "not compared, not complete yet")};
}

}  // namespace

std::string about_stream(const StreamVerdict& stream) {
  const std::string_view title = list_name(stream.entity);
  if (!stream.compared) return fmt::format("{}: {}", title, why_not(stream));
  const std::int64_t there = stream.portal_rows.value_or(stream.mirror_rows);
  std::string line = fmt::format("{}: ", title);
  if (stream.differences > 0) {
    line += say("на портале {}, в зеркале {}, расхождений: {}",
                "{} on the portal, {} in the mirror, differences: {}", number(there),
                number(stream.mirror_rows), number(stream.differences));
  } else if (stream.undecided > 0) {
    line +=
        say("{}, под вопросом: {}", "{}, undecided: {}", number(there), number(stream.undecided));
  } else {
    line += say("{}, совпадают", "{}, equal", number(there));
  }
  line += "; " + about_coverage(stream);
  if (stream.problem.empty()) return line;
  return line + say("; не до конца: {}", "; not to the end: {}", stream.problem);
}

std::string about_details(const DetailVerdict& verdict) {
  const std::string_view title = list_name(verdict.detail);
  if (!verdict.compared) {
    if (!verdict.needed) {
      return say("{}: не сверялись, не нужны ни одному правилу",
                 "{}: not compared, no rule reads them", title);
    }
    const std::string_view why =
        verdict.problem.empty() ? tr("ещё не прочитаны", "not complete yet") : verdict.problem;
    return say("{}: не сверялись, {}", "{}: not compared, {}", title, why);
  }
  std::string line =
      say("{}: сверено объектов {}", "{}: compared of {} objects", title, number(verdict.objects));
  if (verdict.differences > 0) {
    line += say(", расхождений: {}", ", differences: {}", number(verdict.differences));
  } else {
    line += verdict.undecided > 0
                ? say(", под вопросом: {}", ", undecided: {}", number(verdict.undecided))
                : std::string{tr(", совпадают", ", equal")};
  }
  if (verdict.problem.empty()) return line;
  return line + say("; не до конца: {}", "; not to the end: {}", verdict.problem);
}

std::string about_difference(const Difference& d) {
  const std::string which = fmt::format("{} {}", one_of(d.entity), id_of(d));
  const auto count = [](const Value& value) { return as_integer(value).value_or(0); };
  switch (d.kind) {
    case Difference::Kind::missing:
      return say("{}: нет в зеркале", "{}: not in the mirror", which);
    case Difference::Kind::gone:
      return say("{}: есть только в зеркале", "{}: only in the mirror", which);
    case Difference::Kind::field:
      return say("{}, {}: в зеркале {}, на портале {}",
                 "{}, {}: {} in the mirror, {} on the portal", which, d.field, shown(d, d.here),
                 shown(d, d.there));
    case Difference::Kind::count:
      return say("{}: на портале {}, в зеркале {}; в сверенных id разницы нет",
                 "{}: {} on the portal, {} in the mirror; the compared ids do not differ",
                 list_name(d.entity), rows(count(d.there)), number(count(d.here)));
    case Difference::Kind::details: {
      const auto detail = detail_named(d.field);
      return say("{}, {}: строк в зеркале {}, на портале {}, и они отличаются",
                 "{}, {}: {} rows in the mirror, {} on the portal, and they differ", which,
                 detail ? list_name(*detail) : d.field, number(count(d.here)),
                 number(count(d.there)));
    }
    case Difference::Kind::hidden:
      return say(
          "{}: портал показывает {} из {} – похоже, вебхук лишился прав. Проверьте права "
          "его владельца.",
          "{}: the portal shows {} of {}: the webhook seems to have lost rights. Check the "
          "rights of its owner.",
          list_name(d.entity), number(count(d.there)), number(count(d.here)));
  }
  return {};
}

}  // namespace b24
