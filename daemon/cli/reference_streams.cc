#include "daemon/cli/reference_streams.h"

#include <fmt/format.h>

#include <vector>

#include "connectors/bitrix24/details.h"
#include "connectors/bitrix24/fate.h"
#include "connectors/bitrix24/rights.h"
#include "connectors/bitrix24/scopes.h"
#include "connectors/say.h"
#include "daemon/engine/presence_puller.h"

namespace b24 {
namespace {

constexpr std::string_view kHeadRu = R"(
## Откуда данные

Что читается с портала, каким методом, по какому праву вебхука и что должен уметь на портале его
владелец (администратор умеет всё). «С каждым опросом» – раз в
`portal.poll`, ночью и в выходные раз в `portal.poll_quiet`; за один опрос уходит один запрос, если
ничего не изменилось. Удалённое находит сверка номеров раз в сутки; где портал присылает события об
удалении и отвечает об одном объекте, – ещё они и проверка перед сообщением: тогда удалённое отличают
от скрытого.

| что | метод | право вебхука | его владельцу нужно | как находятся изменения | как часто | удалённое |
|---|---|---|---|---|---|---|
)";
constexpr std::string_view kHeadEn = R"(
## Where the data come from

What is read from the portal, by which method, which scope of the webhook it takes, and what its
owner must be allowed on the portal (an administrator is allowed everything). "With every
poll" is once in `portal.poll`, at night and on days off once in `portal.poll_quiet`; a poll is one
request when nothing has changed. What was deleted is found by a comparison of ids once a day; where
the portal posts events of deletions and answers about one object, by these and by a check before a
message too, and then it is told from what is hidden.

| what | method | scope | its owner needs | how changes are found | how often | what was deleted |
|---|---|---|---|---|---|---|
)";

std::string duration(seconds time) {
  if (time % days{1} == seconds{0}) return say("{} сут.", "{} d", time / days{1});
  if (time % hours{1} == seconds{0}) return say("{} ч", "{} h", time / hours{1});
  return say("{} мин", "{} min", time / minutes{1});
}

// "every hour", "every 10 min"
std::string every(seconds time) {
  if (time == hours{1}) return say("раз в час", "every hour");
  return say("раз в {}", "every {}", duration(time));
}

// "crm.item.list, 2"
std::string method_of(const EntitySpec& spec) {
  return spec.crm_type == 0 ? fmt::format("`{}`", spec.method)
                            : fmt::format("`{}`, {}", spec.method, spec.crm_type);
}

std::string scope_cell(std::string_view method, bool optional) {
  const std::string scope{scope_of(method)};
  return optional ? say("{}, необязательно", "{}, optional", scope) : scope;
}

std::string changes_of(const EntitySpec& spec) {
  switch (spec.renewal) {
    case Renewal::whole:
      return say("список целиком", "the whole list");
    case Renewal::appended:
      return say("новые строки по номеру, старые не меняются",
                 "new rows by id; a row never changes");
    case Renewal::recent_by:
      return say("новые по номеру; за последние {} – снова, по `{}`",
                 "new rows by id; those of the last {} again, by `{}`", duration(spec.recent),
                 spec.recent_filter);
    case Renewal::changed_since:
      break;
  }
  std::string fields = fmt::format("`{}`", spec.changed_filter);
  for (const std::string_view field : spec.also_changed) fields += fmt::format(", `{}`", field);
  if (!spec.also_filter.empty()) fields += fmt::format(", `{}`", spec.also_filter);
  return say("по {} с запасом {}", "by {}, {} of them again", fields, duration(spec.overlap));
}

std::string pace_of(const EntitySpec& spec) {
  const std::string poll = say("с каждым опросом", "with every poll");
  if (spec.renewal == Renewal::whole) return every(spec.every);
  if (spec.renewal != Renewal::recent_by) return poll;
  return say("{}, снова – {}", "{}, again {}", poll, every(spec.every));
}

std::string deletions_of(const EntitySpec& spec) {
  if (spec.renewal == Renewal::whole) {
    return say("чего нет в новом списке", "what the new list lacks");
  }
  // Kinds that the portal can be asked about are those of whose deletion it posts events.
  return fate_method(spec.entity).empty()
             ? say("только сверка номеров: события об этом нет",
                   "comparison of ids alone: there is no event of it")
             : say("сверка номеров, события, проверка (`{}`)",
                   "comparison of ids, events, check (`{}`)", fate_method(spec.entity));
}

std::string changes_of(const DetailSpec& detail) {
  const std::string owner{list_name(detail.owner)};
  const std::string about =
      say("когда меняется объект ({}); завершённые давнее {} не спрашиваются",
          "when the object changes ({}); those closed for more than {} are not asked about", owner,
          duration(detail.worth_asking));
  return detail.lazy
             ? say("{}; только если это читает правило", "{}; only while a rule reads it", about)
             : about;
}

std::string pace_of(const DetailSpec& detail) {
  const std::string poll = say("с каждым опросом", "with every poll");
  if (detail.open_again == seconds{0}) return poll;
  return say("{}, у открытых ещё {}", "{}, of open ones {} too", poll, every(detail.open_again));
}

std::string pace_of(PresencePart part) {
  const PresenceOptions usual;
  if (part == PresencePart::calendar) return every(usual.calendars_every);
  return say("{}, ночью и в выходные {}", "{}, at night and on days off {}",
             every(usual.presence_every), every(usual.calendars_every));
}

std::string line(std::initializer_list<std::string> cells) {
  std::string out = "|";
  for (const std::string& cell : cells) out += fmt::format(" {} |", cell);
  return out + "\n";
}

std::string fields_of(const EntitySpec& spec) {
  std::string names{spec.id_select};
  for (const Field& field : spec.fields) names += fmt::format(", {}", field.select);
  return names;
}

}  // namespace

std::string streams_section() {
  std::string out{tr(kHeadRu, kHeadEn)};
  std::string fields{tr("\nКакие поля читаются, под именами портала:\n\n",
                        "\nThe fields that are read, under the portal's names:\n\n")};
  for (const EntitySpec& spec : specs()) {
    out += line({std::string(list_name(spec.entity)), method_of(spec),
                 scope_cell(spec.method, spec.optional), right_for(spec.method).pick(),
                 changes_of(spec), pace_of(spec), deletions_of(spec)});
    fields += fmt::format("- {}: {}\n", list_name(spec.entity), fields_of(spec));
  }
  for (const DetailSpec& detail : detail_specs()) {
    out += line({std::string(list_name(detail.detail)), method_of(detail.rows),
                 scope_cell(detail.rows.method, true), right_for(detail.rows.method).pick(),
                 changes_of(detail), pace_of(detail), say("вместе с объектом", "with the object")});
    fields += fmt::format("- {}: {}\n", list_name(detail.detail), fields_of(detail.rows));
  }
  for (const PresencePart part : kPresenceParts) {
    out += line({std::string(part_name(part)), fmt::format("`{}`", method_of(part)),
                 scope_cell(method_of(part), true), right_for(method_of(part)).pick(),
                 say("всё заново", "all of it again"), pace_of(part),
                 say("чего нет в новом ответе", "what the new answer lacks")});
  }
  return out + fields;
}

}  // namespace b24
