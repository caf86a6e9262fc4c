#include <fmt/format.h>

#include "connectors/bitrix24/entities.h"
#include "connectors/say.h"
#include "daemon/engine/checkup.h"

// How the portal behaves where its docs are silent, and which way b24watch goes then.

namespace b24 {
namespace {

std::string list_of(const std::vector<Entity>& entities) {
  std::string list;
  for (const Entity entity : entities) {
    list += (list.empty() ? "" : ", ") + std::string{list_name(entity)};
  }
  return list;
}

struct Habit {
  Outcome outcome;
  Text text;
  Text advice;
};

// One check for all lists of which the same was found.
void add_habit(const char* id, const Habit& habit, const std::vector<Entity>& entities,
               std::vector<Check>& checks) {
  if (entities.empty()) return;
  checks.push_back({.id = id,
                    .outcome = habit.outcome,
                    .text = fmt::format(fmt::runtime(habit.text.pick()), list_of(entities)),
                    .advice = habit.advice.pick()});
}

template <class Found>
std::vector<Entity> lists_where(const PortalProbe& probe, Found found) {
  std::vector<Entity> entities;
  for (const EntitySpec& spec : specs()) {
    const auto stream = probe.streams.find(spec.entity);
    if (stream != probe.streams.end() && found(stream->second)) entities.push_back(spec.entity);
  }
  return entities;
}

const std::vector<std::pair<Walk, Habit>>& walk_habits() {
  static const std::vector<std::pair<Walk, Habit>> kHabits = {
      {Walk::by_id,
       {Outcome::ok,
        {"Читаем по номерам, без лишнего счёта строк: {}.",
         "Read by id, without needless counting: {}."},
        {}}},
      {Walk::by_id_counting,
       {Outcome::warning,
        {"Портал считает строки, хотя его просят не считать (start=-1): {}.",
         "The portal counts the rows although it is asked not to (start=-1): {}."},
        {"Чтение идёт дольше, но верно; делать ничего не нужно.",
         "Reading takes longer but is right; there is nothing to do."}}},
      {Walk::by_offset,
       {Outcome::warning,
        {"Отбор по номеру на портале не действует: {}.",
         "The filter by id does not hold on the portal: {}."},
        {"Читаем подряд, страницу за страницей: это дольше; делать ничего не нужно.",
         "They are read page by page, which takes longer; there is nothing to do."}}},
      {Walk::cut_short,
       {Outcome::warning,
        {"С start=-1 портал отдаёт пустые списки: {}.",
         "With start=-1 the portal gives empty lists: {}."},
        {"Читаем подряд, страницу за страницей: это дольше; делать ничего не нужно.",
         "They are read page by page, which takes longer; there is nothing to do."}}},
  };
  return kHabits;
}

const std::vector<std::pair<Moments, Habit>>& moment_habits() {
  static const std::vector<std::pair<Moments, Habit>> kHabits = {
      {Moments::any_offset,
       {Outcome::ok,
        {"Изменения портал находит, часовой пояс в запросе понимает: {}.",
         "The portal finds what changed and understands the offset in the question: {}."},
        {}}},
      {Moments::own_offset,
       {Outcome::ok,
        {"Изменения портал находит, но часовой пояс в запросе пропускает – пишем время по его "
         "часам: {}.",
         "The portal finds what changed but overlooks the offset in the question, so times are "
         "written by its clock: {}."},
        {}}},
      {Moments::ignored,
       {Outcome::warning,
        {"Отбор «изменилось с тех пор» не действует: {}.",
         "The filter “changed since” does not hold: {}."},
        {"Каждый раз читается весь список: верно, но медленно. Увеличьте portal.poll.",
         "The whole list is read each time: right but slow. Make portal.poll longer."}}},
      {Moments::blind,
       {Outcome::failure,
        {"Отбор «изменилось с тех пор» ничего не находит: {}.",
         "The filter “changed since” finds nothing: {}."},
        {"Изменений в них b24watch не увидит: сообщите об этом разработчикам.",
         "b24watch will not see them change: tell its developers."}}},
  };
  return kHabits;
}

Check check_rejected(const PortalProbe& probe) {
  std::string list;
  for (const EntitySpec& spec : specs()) {
    const auto found = probe.streams.find(spec.entity);
    if (found == probe.streams.end() || found->second.rejected == 0) continue;
    list += say("{}{} – {} из {}", "{}{} – {} of {}", list.empty() ? "" : ", ",
                list_name(spec.entity), found->second.rejected, found->second.rows);
  }
  if (list.empty()) {
    return {.id = "rows", .text = say("Все строки поняты.", "All rows are understood.")};
  }
  return {.id = "rows",
          .outcome = Outcome::warning,
          .text = say("Не все строки поняты: {}.", "Not all rows are understood: {}.", list),
          .advice = say("Сообщите об этом разработчикам b24watch; остальное считается.",
                        "Tell the developers of b24watch; the rest counts.")};
}

}  // namespace

std::vector<Check> check_behaviour(const PortalProbe& probe) {
  std::vector<Check> checks;
  for (const auto& [walk, habit] : walk_habits()) {
    const auto same = [walk = walk](const StreamProbe& s) { return s.walk == walk; };
    add_habit("lists", habit, lists_where(probe, same), checks);
  }
  for (const auto& [moments, habit] : moment_habits()) {
    const auto same = [moments = moments](const StreamProbe& s) { return s.moments == moments; };
    add_habit("changes", habit, lists_where(probe, same), checks);
  }
  static const Habit kUntold = {
      Outcome::warning,
      {"Портал не говорит, удалён исчезнувший объект или скрыт от вебхука: {}.",
       "The portal does not tell whether what is gone is deleted or hidden from the webhook: {}."},
      {"Всё исчезнувшее считается удалённым; обновите портал, если он на своём сервере.",
       "Whatever is gone counts as deleted; bring the portal up to date if it runs on a server of "
       "your own."}};
  add_habit("fates", kUntold, {probe.fates_untold.begin(), probe.fates_untold.end()}, checks);
  checks.push_back(check_rejected(probe));
  return checks;
}

}  // namespace b24
