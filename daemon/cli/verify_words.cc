#include "daemon/cli/verify_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/problem.h"
#include "connectors/say.h"
#include "rules/text.h"

namespace b24 {
namespace {

struct Words {
  Entity entity;
  Text many;
  Text one;
};

const Words& words_of(Entity entity) {
  static const Words kAll[] = {
      {Entity::user, {"сотрудники", "employees"}, {"сотрудник", "employee"}},
      {Entity::department, {"отделы", "departments"}, {"отдел", "department"}},
      {Entity::pipeline, {"воронки", "pipelines"}, {"воронка", "pipeline"}},
      {Entity::stage, {"стадии и справочники", "stages and directories"}, {"статус", "status"}},
      {Entity::deal, {"сделки", "deals"}, {"сделка", "deal"}},
      {Entity::task, {"задачи", "tasks"}, {"задача", "task"}},
      {Entity::call, {"звонки", "calls"}, {"звонок", "call"}},
      {Entity::lead, {"лиды", "leads"}, {"лид", "lead"}},
      {Entity::quote, {"предложения", "quotes"}, {"предложение", "quote"}},
      {Entity::invoice, {"счета", "invoices"}, {"счёт", "invoice"}},
      {Entity::contact, {"контакты", "contacts"}, {"контакт", "contact"}},
      {Entity::company, {"компании", "companies"}, {"компания", "company"}},
      {Entity::activity, {"дела", "activities"}, {"дело", "activity"}},
      {Entity::deal_move,
       {"переходы сделок", "moves of deals"},
       {"переход сделки", "move of a deal"}},
      {Entity::lead_move, {"переходы лидов", "moves of leads"}, {"переход лида", "move of a lead"}},
      {Entity::invoice_move,
       {"переходы счетов", "moves of invoices"},
       {"переход счёта", "move of an invoice"}},
  };
  return *std::find_if(std::begin(kAll), std::end(kAll),
                       [&](const Words& words) { return words.entity == entity; });
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

std::string title_of(Entity entity) { return words_of(entity).many.pick(); }

std::string about_stream(const StreamVerdict& stream) {
  const std::string title = title_of(stream.entity);
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

std::string about_difference(const Difference& d) {
  const std::string which = fmt::format("{} {}", words_of(d.entity).one.pick(), d.id);
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
                 title_of(d.entity), rows(count(d.there)), number(count(d.here)));
    case Difference::Kind::hidden:
      return say(
          "{}: портал показывает {} из {} – похоже, вебхук лишился прав. Проверьте права "
          "его владельца.",
          "{}: the portal shows {} of {}: the webhook seems to have lost rights. Check the "
          "rights of its owner.",
          title_of(d.entity), number(count(d.there)), number(count(d.here)));
  }
  return {};
}

}  // namespace b24
