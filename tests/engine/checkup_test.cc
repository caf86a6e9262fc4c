#include "daemon/engine/checkup.h"

#include <gtest/gtest.h>

#include "connectors/bitrix24/entities.h"
#include "tests/support/temp_folder.h"

// Every sentence of `init` and `doctor`, word for word.

namespace b24 {
namespace {

using enum Outcome;

const Time kNow = parse_time("2026-11-20T12:00:00+03:00").value();

PortalSight healthy() {
  PortalSight sight{.host = "example.bitrix24.ru", .asked_at = kNow};
  sight.facts.user_id = 1;
  sight.facts.user_name = "Анна Иванова";
  sight.facts.admin = true;
  sight.facts.scopes = {"crm", "task",     "user_basic", "department", "telephony",
                        "im",  "calendar", "timeman",    "imopenlines"};
  sight.facts.portal_time = kNow;
  sight.facts.portal_offset = hours{3};
  sight.facts.calendar = CalendarSettings{};
  for (const EntitySpec& spec : specs()) {
    const bool keyset = spec.paging == Paging::keyset;
    const bool by_time = !spec.changed_filter.empty() || !spec.recent_filter.empty();
    sight.probe.streams[spec.entity] = {.total = 2,
                                        .rows = 2,
                                        .walk = keyset ? Walk::by_id : Walk::untold,
                                        .moments = by_time ? Moments::any_offset : Moments::untold};
  }
  sight.probe.leads = LeadsMode::with_leads;
  sight.probe.recent_calls = 12'000;
  sight.probe.may_notify = true;
  return sight;
}

const Check* find(const std::vector<Check>& checks, const std::string& id) {
  for (const Check& check : checks) {
    if (check.id == id) return &check;
  }
  return nullptr;
}

struct Case {
  std::function<void(PortalSight&, Config&)> change;
  std::string id;
  Outcome outcome;
  std::string text;
  std::string advice;
};

// All checks of a portal, in the order in which `doctor` shows them.
std::vector<Check> all_checks(const PortalSight& sight, const Config& config,
                              const RuleReaders& readers = {}) {
  std::vector<Check> all = check_owner(sight);
  for (auto& more : {check_calendar(sight, config), check_streams(sight, readers),
                     check_behaviour(sight.probe)}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

// In English no sentence of ours is left in Russian.
void expect_english(const PortalSight& sight, const Config& config) {
  set_language(Language::en);
  for (const Check& check : all_checks(sight, config)) {
    if (check.id == "webhook" || check.id.starts_with("stream_")) continue;  // others' words
    EXPECT_EQ((check.text + check.advice).find_first_of("\xD0\xD1"), std::string::npos)
        << check.text << check.advice;
  }
  set_language(Language::ru);
}

void expect_cases(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    PortalSight sight = healthy();
    Config config;
    if (c.change) c.change(sight, config);
    const auto checks = all_checks(sight, config);
    const Check* check = find(checks, c.id);
    ASSERT_NE(check, nullptr) << c.id << ": " << c.text;
    EXPECT_EQ(check->text, c.text);
    EXPECT_EQ(check->advice, c.advice) << c.text;
    EXPECT_EQ(check->outcome, c.outcome) << c.text;
    expect_english(sight, config);
  }
}

TEST(CheckupTest, AHealthyPortalGivesNothingToDo) {
  const auto checks = all_checks(healthy(), {});
  std::vector<std::string> ids;
  for (const Check& check : checks) {
    ids.push_back(check.id);
    EXPECT_EQ(check.outcome, ok) << check.text;
    EXPECT_EQ(check.advice, "") << check.text;
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"portal",
                                           "webhook",
                                           "administrator",
                                           "clock",
                                           "zone",
                                           "hours",
                                           "scope_crm",
                                           "scope_task",
                                           "scope_user_basic",
                                           "scope_department",
                                           "scope_telephony",
                                           "scope_im",
                                           "scope_timeman",
                                           "scope_imopenlines",
                                           "leads",
                                           "payments",
                                           "telephony",
                                           "lists",
                                           "changes",
                                           "rows"}));
  EXPECT_EQ(worst(checks), ok);
  EXPECT_EQ(blame_of(checks), std::nullopt);
}

TEST(CheckupTest, TellsWhichWayPaymentsAreRead) {
  using S = PortalSight;
  using C = Config;
  const auto refused = [](S& sight, const C&) {
    sight.probe.streams[Entity::payment].refused = error(ErrorKind::no_rights, "нет права");
  };
  const auto given = [](S& sight, const C&) { sight.probe.streams[Entity::payment].total = 1200; };
  expect_cases({
      {refused, "payments", ok,
       "Списка оплат портал не даёт: если они нужны правилу, спрашиваем их у сделок и счетов, без "
       "возвратов. Весь список открывает право sale.",
       ""},
      {given, "payments", ok, "Оплаты видны списком: 1 200.", ""},
  });
}

TEST(CheckupTest, TellsOfTheOwnerAndTheClocks) {
  using S = PortalSight;
  using C = Config;
  expect_cases({
      {{}, "portal", ok, "Портал example.bitrix24.ru отвечает, соединение защищено.", ""},
      {[](S& s, C&) { s.tls = false; }, "portal", ok,
       "Портал example.bitrix24.ru отвечает (без шифрования: он на этой же машине).", ""},
      {[](S& s, C&) { s.moved_to = "new.bitrix24.ru"; }, "portal", warning,
       "Портал example.bitrix24.ru переехал: теперь он new.bitrix24.ru.",
       "Впишите новый адрес вебхука в настройки."},
      {{}, "webhook", ok, "Вебхук принят, его владелец – Анна Иванова (id 1).", ""},
      {[](S& s, C&) { s.facts.user_name.clear(); }, "webhook", ok,
       "Вебхук принят, его владелец – сотрудник 1.", ""},
      {{}, "administrator", ok, "Владелец вебхука – администратор: ему видны все сделки.", ""},
      {[](S& s, C&) { s.facts.admin = false; }, "administrator", failure,
       "Владелец вебхука – не администратор: ему виден не весь портал, и цифры были бы неверны.",
       "Создайте входящий вебхук под администратором портала и возьмите его вместо этого."},
      {[](S& s, C&) { s.asked_at = kNow + seconds{30}; }, "clock", ok,
       "Часы этой машины и портала сходятся.", ""},
      {[](S& s, C&) { s.asked_at = kNow + seconds{31}; }, "clock", warning,
       "Часы этой машины спешат: впереди часов портала на 31 с.",
       "Включите сверку времени: sudo timedatectl set-ntp true."},
      {[](S& s, C&) { s.asked_at = kNow - hours{3}; }, "clock", failure,
       "Часы этой машины отстают от часов портала на 3 ч.",
       "Включите сверку времени: sudo timedatectl set-ntp true."},
      {[](S& s, C&) { s.facts.portal_time.reset(); }, "clock", warning,
       "Портал не сообщил, который час: сверить часы не с чем.",
       "Проверьте часы этой машины: timedatectl."},
  });
}

TEST(CheckupTest, TellsOfTheCalendar) {
  using S = PortalSight;
  using C = Config;
  expect_cases({
      {{}, "zone", ok, "Часовой пояс – UTC+3, по часам портала. Другой задаёт calendar.zone.", ""},
      {[](S& s, C&) { s.facts.portal_offset = hours{5} + minutes{30}; }, "zone", ok,
       "Часовой пояс – UTC+5:30, по часам портала. Другой задаёт calendar.zone.", ""},
      {[](S& s, C&) { s.facts.user_zone = "Asia/Yekaterinburg"; }, "zone", ok,
       "Часовой пояс – Asia/Yekaterinburg (UTC+5), как у владельца вебхука. Другой задаёт "
       "calendar.zone.",
       ""},
      {[](S&, C& c) { c.calendar.zone = "Europe/Berlin"; }, "zone", ok,
       "Часовой пояс – Europe/Berlin (UTC+1), из настроек.", ""},
      {{},
       "hours",
       ok,
       "Рабочее время – 9:00–18:00, выходные: сб, вс; праздников в календаре портала: 0.",
       ""},
      {[](S& s, C& c) {
         s.facts.calendar->year_holidays = {{1, 1}};
         s.facts.calendar->work_end = hours{18} + minutes{30};
         c.calendar.week_holidays = std::set<unsigned>{};
       },
       "hours", ok, "Рабочее время – 9:00–18:30, выходные: нет; праздников в календаре портала: 1.",
       ""},
      {[](S& s, C&) {
         s.facts.calendar.reset();
         s.facts.scopes.erase("calendar");
       },
       "hours", warning,
       "Календарь портала не виден: рабочее время – 9:00–18:00, выходные: сб, вс, праздники и "
       "отпуска не учитываются.",
       "Добавьте вебхуку на портале право calendar."},
      {[](S& s, C&) { s.facts.calendar.reset(); }, "hours", warning,
       "Календарь портала не виден: рабочее время – 9:00–18:00, выходные: сб, вс, праздники не "
       "учитываются.",
       "Задайте рабочие часы и праздники в настройках, раздел calendar."},
  });
}

TEST(CheckupTest, TellsOfScopes) {
  using S = PortalSight;
  using C = Config;
  const auto without = [](const char* scope) {
    return [scope](S& s, C&) { s.facts.scopes.erase(scope); };
  };
  const auto add = [](const std::string& scope) {
    return "Добавьте право " + scope +
           " в настройках вебхука на портале; адрес вебхука останется прежним.";
  };
  expect_cases({
      {[](S& s, C&) { s.probe.streams[Entity::task].total = 1'234'567; }, "scope_task", ok,
       "Право task есть, видны: задачи – 1 234 567.", ""},
      {[](S& s, C&) { s.probe.streams[Entity::task].total.reset(); }, "scope_task", ok,
       "Право task есть, видны: задачи.", ""},
      {[](S& s, C&) {
         s.facts.scopes.erase("user_basic");
         s.facts.scopes.insert("user");
       },
       "scope_user_basic", ok, "Право user есть, видны: сотрудники – 2.", ""},
      {without("crm"), "scope_crm", failure,
       "Права crm нет: не видны сделки и всё остальное в CRM.", add("crm")},
      {without("task"), "scope_task", warning, "Права task нет: задачи не видны.", add("task")},
      {without("user_basic"), "scope_user_basic", failure,
       "Права user_basic нет: сотрудники не видны, следить не за кем.", add("user_basic")},
      {without("department"), "scope_department", failure,
       "Права department нет: неизвестно, кто чей руководитель.", add("department")},
      {without("telephony"), "scope_telephony", warning, "Права telephony нет: звонки не видны.",
       add("telephony")},
      {without("timeman"), "scope_timeman", warning,
       "Права timeman нет: кто когда начал и кончил рабочий день, не видно.", add("timeman")},
      {without("imopenlines"), "scope_imopenlines", warning,
       "Права imopenlines нет: кто и когда ответил в открытых линиях, не видно.",
       add("imopenlines")},
      {[](S& s, C&) { s.lines.session = SessionProbe{}; }, "open_lines", ok,
       "Сообщения открытых линий видны.", ""},
      {[](S& s, C&) { s.lines.session = {error(ErrorKind::no_rights, "Refused.")}; }, "open_lines",
       warning, "Сообщения открытых линий не видны. Refused.",
       "Дайте владельцу вебхука доступ к открытым линиям: CRM → Контакт-центр → права доступа."},
      {[](S& s, C&) { s.lines.workday = WorkdayProbe{}; }, "workdays", ok,
       "Рабочий день других сотрудников виден.", ""},
      {[](S& s, C&) { s.lines.workday = {error(ErrorKind::no_rights, "Refused.")}; }, "workdays",
       warning, "Рабочий день других сотрудников не виден. Refused.",
       "Дайте владельцу вебхука право видеть рабочее время всех сотрудников."},
      {[](S& s, C&) {
         s.facts.way = Way::application;
         s.facts.user_name = "Anna";
         s.lines.workday = {error(ErrorKind::no_rights, "Refused.")};
       },
       "workdays", warning, "Рабочий день других сотрудников не виден. Refused.",
       "Дайте установившему приложение право видеть рабочее время всех сотрудников."},
      {[](S& s, C&) {
         s.facts.way = Way::application;
         s.facts.user_name = "Anna";
         s.facts.scopes.erase("task");
       },
       "scope_task", warning, "Права task нет: задачи не видны.",
       "Добавьте право task в карточке приложения на портале."},
      {without("im"), "scope_im", failure, "Права im нет: сообщать нельзя никому.", add("im")},
      {{}, "scope_im", ok, "Право im есть: сообщать можно.", ""},
      {[](S& s, C&) { s.probe.may_notify = false; }, "scope_im", failure,
       "Право im есть, но отправить уведомление портал не даёт (im.notify.system.add).",
       "Если портал на своём сервере, обновите на нём модуль im; иначе напишите в поддержку "
       "Битрикс24."},
  });
}

TEST(CheckupTest, NamesTheRulesThatAreSilent) {
  PortalSight sight = healthy();
  sight.facts.scopes.erase("telephony");
  const RuleReaders readers = {{Entity::call, {"Звонков меньше обычного"}},
                               {Entity::lead, {"Лид ждёт", "Звонков меньше обычного"}}};
  const auto checks = check_streams(sight, readers);
  EXPECT_EQ(find(checks, "scope_telephony")->text,
            "Права telephony нет: звонки не видны. Молчит правило «Звонков меньше обычного».");
  EXPECT_EQ(find(checks, "telephony"), nullptr) << "told once";
  sight.probe.streams[Entity::lead].refused = error(ErrorKind::no_rights, "Лиды выключены.");
  const auto more = check_streams(sight, readers);
  EXPECT_EQ(find(more, "stream_lead")->text, "Список «лиды» не читается. Лиды выключены.");
  EXPECT_EQ(find(more, "stream_lead")->advice,
            "Обходимся без этого и спрашиваем снова раз в час. Молчат правила: «Лид ждёт», "
            "«Звонков меньше обычного».");
  EXPECT_EQ(find(more, "stream_lead")->outcome, warning);
  sight.probe.leads = LeadsMode::without_leads;
  EXPECT_EQ(find(check_streams(sight, readers), "stream_lead"), nullptr) << "nobody expects any";
}

TEST(CheckupTest, TellsOfStreamsLeadsAndTelephony) {
  using S = PortalSight;
  using C = Config;
  const auto refuse = [](Entity entity, ErrorKind kind) {
    return [=](S& s, C&) {
      s.probe.streams[entity].refused = error(kind, "Портал не даёт этих данных.");
    };
  };
  expect_cases({
      {refuse(Entity::call, ErrorKind::no_rights), "stream_call", warning,
       "Список «звонки» не читается. Портал не даёт этих данных.",
       "Без этого правила о них судить не могут."},
      {refuse(Entity::deal, ErrorKind::no_rights), "stream_deal", failure,
       "Список «сделки» не читается. Портал не даёт этих данных.",
       "Без этого правила о них судить не могут."},
      {refuse(Entity::invoice, ErrorKind::no_rights), "stream_invoice", warning,
       "Список «счета» не читается. Портал не даёт этих данных.",
       "Обходимся без этого и спрашиваем снова раз в час."},
      {{}, "leads", ok, "CRM работает с лидами.", ""},
      {[](S& s, C&) { s.probe.leads = LeadsMode::without_leads; }, "leads", ok,
       "CRM работает без лидов: новые обращения сразу становятся сделками.", ""},
      {[](S& s, C&) { s.probe.leads = LeadsMode::untold; }, "leads", warning,
       "Портал не сказал, включены ли лиды.",
       "Делать ничего не нужно: лиды читаются, если портал их даёт."},
      {{}, "telephony", ok, "За последние 30 дней звонков: 12 000.", ""},
      {[](S& s, C&) { s.probe.recent_calls.reset(); }, "telephony", ok, "Звонки есть.", ""},
      {[](S& s, C&) { s.probe.recent_calls = 0; }, "telephony", warning,
       "За последние 30 дней на портале ни одного звонка: правила о звонках молчат.",
       "Подключите к Битрикс24 телефонию, которой пользуется отдел продаж."},
      {[](S& s, C&) {
         s.probe.recent_calls = 0;
         s.probe.streams[Entity::call].total = 0;
       },
       "telephony", warning, "На портале нет ни одного звонка: правила о звонках молчат.",
       "Подключите к Битрикс24 телефонию, которой пользуется отдел продаж."},
  });
}

TEST(CheckupTest, TellsWhichWayWasChosenWhereTheDocsAreSilent) {
  const struct {
    Walk walk;
    Moments moments;
    std::string id;
    Outcome outcome;
    std::string text;
    std::string advice;
  } cases[] = {
      {Walk::by_id, Moments::untold, "lists", ok,
       "Читаем по номерам, без лишнего счёта строк: звонки.", ""},
      {Walk::by_id_counting, Moments::untold, "lists", warning,
       "Портал считает строки, хотя его просят не считать (start=-1): звонки.",
       "Чтение идёт дольше, но верно; делать ничего не нужно."},
      {Walk::by_offset, Moments::untold, "lists", warning,
       "Отбор по номеру на портале не действует: звонки.",
       "Читаем подряд, страницу за страницей: это дольше; делать ничего не нужно."},
      {Walk::cut_short, Moments::untold, "lists", warning,
       "С start=-1 портал отдаёт пустые списки: звонки.",
       "Читаем подряд, страницу за страницей: это дольше; делать ничего не нужно."},
      {Walk::untold, Moments::any_offset, "changes", ok,
       "Изменения портал находит, часовой пояс в запросе понимает: звонки.", ""},
      {Walk::untold, Moments::own_offset, "changes", ok,
       "Изменения портал находит, но часовой пояс в запросе пропускает – пишем время по его часам: "
       "звонки.",
       ""},
      {Walk::untold, Moments::ignored, "changes", warning,
       "Отбор «изменилось с тех пор» не действует: звонки.",
       "Каждый раз читается весь список: верно, но медленно. Увеличьте portal.poll."},
      {Walk::untold, Moments::blind, "changes", failure,
       "Отбор «изменилось с тех пор» ничего не находит: звонки.",
       "Изменений в них b24watch не увидит: сообщите об этом разработчикам."},
  };
  for (const auto& c : cases) {
    PortalProbe probe;
    probe.streams[Entity::call] = {.walk = c.walk, .moments = c.moments};
    const auto checks = check_behaviour(probe);
    ASSERT_EQ(checks.size(), 2U) << c.text;
    EXPECT_EQ(checks.front().id, c.id);
    EXPECT_EQ(checks.front().outcome, c.outcome);
    EXPECT_EQ(checks.front().text, c.text);
    EXPECT_EQ(checks.front().advice, c.advice);
    EXPECT_EQ(checks.back().text, "Все строки поняты.");
  }
  PortalProbe mute;
  mute.fates_untold = {Entity::deal, Entity::task};
  EXPECT_EQ(check_behaviour(mute).front().text,
            "Портал не говорит, удалён исчезнувший объект или скрыт от вебхука: сделки, задачи.");
  EXPECT_EQ(check_behaviour(mute).front().outcome, warning);
  PortalProbe probe;
  probe.streams[Entity::task] = {.rows = 50, .rejected = 3};
  probe.streams[Entity::deal] = {.rows = 50, .rejected = 1};
  const auto checks = check_behaviour(probe);
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks.front().outcome, warning);
  EXPECT_EQ(checks.front().text, "Не все строки поняты: сделки – 1 из 50, задачи – 3 из 50.");
}

TEST(CheckupTest, ARefusalIsSomebodysMatter) {
  const Check away =
      check_refusal(error(ErrorKind::unavailable, "Портал не отвечает."), "https://x.ru");
  EXPECT_EQ(away.id, "portal");
  EXPECT_EQ(away.text, "Портал не отвечает.");
  EXPECT_EQ(away.advice,
            "Попробуйте с этой машины: curl -I https://x.ru. Мешать могут прокси и брандмауэр.");
  EXPECT_EQ(away.blame, Blame::passing);
  const Check closed = check_refusal(error(ErrorKind::blocked, "Вебхук удалён."), "https://x.ru");
  EXPECT_EQ(closed.id, "webhook");
  EXPECT_EQ(closed.advice, "Вебхуки портала: Разработчикам → Другое → Входящий вебхук.");
  EXPECT_EQ(closed.blame, Blame::portal);
  EXPECT_EQ(blame_of({away, closed}), Blame::portal) << "the graver one";
}

TEST(CheckupTest, TellsOfTheDisk) {
  constexpr std::uint64_t kMegabyte = 1024 * 1024;
  const struct {
    bool exists, writable;
    std::uint64_t megabytes;
    std::string state;
    std::string disk;
    Outcome outcome;
  } cases[] = {
      {true, true, 20 * 1024, "В папку состояния /s можно писать.", "На диске свободно 20 ГБ.", ok},
      {false, true, 1024, "Папки состояния /s ещё нет, её создаст первый запуск.",
       "На диске свободно 1 ГБ.", ok},
      {true, false, 1024, "В папку состояния /s нельзя писать.", "На диске свободно 1 ГБ.",
       failure},
      {false, false, 1024, "Папки состояния /s нет, и создать её здесь нельзя.",
       "На диске свободно 1 ГБ.", failure},
      {true, true, 1023, "В папку состояния /s можно писать.", "На диске свободно только 1023 МБ.",
       warning},
      {true, true, 99, "В папку состояния /s можно писать.", "На диске свободно только 99 МБ.",
       failure},
  };
  for (const auto& c : cases) {
    const auto checks = check_disk({"/s", c.exists, c.writable, c.megabytes * kMegabyte});
    ASSERT_EQ(checks.size(), 2U);
    EXPECT_EQ(checks[0].text, c.state);
    EXPECT_EQ(checks[1].text, c.disk);
    EXPECT_EQ(worst(checks), c.outcome) << c.state << ' ' << c.disk;
    for (const Check& check : checks) {
      EXPECT_EQ(check.advice.empty(), check.outcome == ok) << check.text;
      EXPECT_EQ(check.blame, Blame::state);
    }
  }
  const TempFolder folder;
  const Disk there = look_at_disk(folder.path() / "not" / "yet");
  EXPECT_FALSE(there.exists);
  EXPECT_TRUE(there.writable);
  EXPECT_TRUE(there.free_bytes);
}

StreamState stream(Entity entity, std::optional<seconds> age) {
  StreamState state;
  state.entity = entity;
  state.full_done = age.has_value();
  if (age) state.fresh_at = kNow - *age;
  return state;
}

TEST(CheckupTest, TellsOfTheMirror) {
  StreamState refused = stream(Entity::invoice, std::nullopt);
  refused.refused = true;
  const StreamState deals = stream(Entity::deal, minutes{14});
  EXPECT_EQ(check_freshness({deals, refused, stream(Entity::user, minutes{100})}, {}, kNow).text,
            "Зеркало портала свежее.");
  const Check stale = check_freshness(
      {deals, stream(Entity::task, minutes{16}), stream(Entity::call, hours{3})}, {}, kNow);
  EXPECT_EQ(stale.outcome, warning);
  EXPECT_EQ(stale.text, "Зеркало портала отстаёт: задачи – 16 мин, звонки – 3 ч.");
  EXPECT_EQ(stale.advice, "Проверьте, работает ли служба: systemctl status b24watch.");
  StreamState failing = stream(Entity::call, hours{3});
  failing.problem = "Портал не отвечает.";
  EXPECT_TRUE(check_details({{.detail = Detail::activity_link, .full_done = true}}).empty());
  const auto details = check_details(
      {{.detail = Detail::activity_link, .refused = true, .problem = "Метод не найден."}});
  ASSERT_EQ(details.size(), 1U);
  EXPECT_EQ(details[0].id, "details_activity_link");
  EXPECT_EQ(details[0].text, "Портал не даёт: связи дел. Метод не найден.");
  EXPECT_EQ(details[0].advice, "Обходимся без этого и спрашиваем снова раз в час.");
  EXPECT_EQ(check_freshness({failing}, {}, kNow).advice, "Портал не отвечает.");
  const auto unread = check_details(
      {{.detail = Detail::product_row, .problem = "Портал не отвечает."},
       {.detail = Detail::deal_comment, .full_done = true, .problem = "Портал не отвечает."},
       {.detail = Detail::deal_payment, .refused = true, .problem = "Нет прав.", .needed = false}});
  ASSERT_EQ(unread.size(), 2U) << "what no rule reads is no trouble";
  EXPECT_EQ(unread[0].id, "details_product_row");
  EXPECT_EQ(unread[0].outcome, warning);
  EXPECT_EQ(unread[0].text, "Не читается: товары сделок. Портал не отвечает.");
  EXPECT_EQ(unread[0].advice,
            "Правила, которым это нужно, ждут; спрашиваем снова каждые 10 минут.");
  EXPECT_EQ(unread[1].advice, "Спрашиваем снова каждые 10 минут; пока есть только прочитанное.");
  EXPECT_EQ(check_freshness({deals, stream(Entity::activity, std::nullopt)}, {}, kNow).text,
            "Ещё не прочитано: дела.");
  EXPECT_EQ(check_freshness(
                {stream(Entity::call, hours{3}), stream(Entity::activity, std::nullopt)}, {}, kNow)
                .text,
            "Зеркало портала отстаёт: звонки – 3 ч. Ещё не прочитано: дела.");
  EXPECT_FALSE(check_hidden({}).has_value());
  const auto hidden = check_hidden({{Entity::deal, 7}, {Entity::task, 2}});
  EXPECT_EQ(hidden->outcome, warning);
  EXPECT_EQ(hidden->text, "Больше не видны пользователю вебхука: сделки – 7, задачи – 2.");
  EXPECT_EQ(hidden->advice, "Проверьте его права на портале: нужен администратор.");
  EXPECT_EQ(check_hidden({{Entity::deal, 7}}, Way::application)->text,
            "Больше не видны установившему приложение: сделки – 7.");
  PortalSettings slow;
  slow.poll_quiet = hours{1};
  EXPECT_EQ(check_freshness({stream(Entity::call, hours{2})}, slow, kNow).outcome, ok);
  EXPECT_EQ(check_freshness({stream(Entity::call, minutes{121})}, slow, kNow).outcome, warning);
  const TempFolder folder;
  Config config;
  config.state_dir = folder.path();
  const auto none = check_mirror(config, kNow);
  ASSERT_EQ(none.size(), 1U);
  EXPECT_EQ(none.front().text, "Зеркала портала ещё нет, его создаст первый запуск.");
  folder.write("b24watch.sqlite", "this is no database, and long enough to be looked at closely");
  const auto broken = check_mirror(config, kNow);
  ASSERT_EQ(broken.size(), 1U);
  EXPECT_EQ(broken.front().outcome, failure);
  EXPECT_EQ(broken.front().blame, Blame::state);
}

TEST(CheckupTest, TheMirrorBelongsToThePortal) {
  const TempFolder folder;
  Config config;
  config.state_dir = folder.path();
  {
    auto writer = Writer::open({folder.path()});
    ASSERT_TRUE(writer) << writer.error().text;
    Writer::Transaction transaction{**writer};
    (*writer)->set_meta("portal_host", "old.bitrix24.ru");
    (*writer)->set_meta("portal_moved_to", "new.bitrix24.ru");
    transaction.commit();
  }
  for (const char* host : {"old", "new", "other"}) {
    config.portal.webhook = Secret{std::string{"https://"} + host + ".bitrix24.ru/rest/1/key/"};
    const auto checks = check_mirror(config, kNow);
    const bool foreign = std::string{host} == "other";
    EXPECT_EQ(worst(checks), foreign ? failure : warning) << host << ": it is not read yet";
    if (!foreign) continue;
    EXPECT_EQ(checks.front().text,
              "В папке состояния лежит зеркало портала old.bitrix24.ru, а вебхук ведёт на "
              "other.bitrix24.ru.");
    EXPECT_EQ(checks.front().advice, "Укажите для этого портала другую папку в state_dir.");
  }
}

TEST(CheckupTest, TellsOfMessagesAndRules) {
  EXPECT_EQ(check_outbox({}, kNow).text, "Неотправленных сообщений нет.");
  const Check moment = check_outbox({.waiting = 2, .waiting_since = kNow - seconds{5}}, kNow);
  EXPECT_EQ(moment.outcome, ok);
  EXPECT_EQ(moment.text, "Ждут отправки: 2, не удалось отправить: 0.");
  const Check stuck = check_outbox(
      {.waiting = 2, .waiting_since = kNow - hours{1}, .problem = "Права im нет."}, kNow);
  EXPECT_EQ(stuck.outcome, warning);
  EXPECT_EQ(stuck.advice, "Права im нет.");
  EXPECT_EQ(check_rules_loaded(4, 0, 0).text, "Правила в порядке: 4.");
  const Check wrong = check_rules_loaded(4, 1, 2);
  EXPECT_EQ(wrong.outcome, failure);
  EXPECT_EQ(wrong.blame, Blame::settings);
  EXPECT_EQ(wrong.text, "В правилах ошибок: 1, предупреждений: 2.");
  EXPECT_EQ(wrong.advice, "Где именно, покажет b24watch check.");
  EXPECT_EQ(check_rules_loaded(4, 0, 2).outcome, warning);
  const Check untried = check_rules_untried(StoreFailure{"На диске нет места."});
  EXPECT_EQ(untried.id, "rules");
  EXPECT_EQ(untried.outcome, failure);
  EXPECT_EQ(untried.blame, Blame::state);
  EXPECT_EQ(untried.text, "На диске нет места.");
  EXPECT_EQ(untried.advice, "Правила поэтому не проверены: исправьте это и повторите команду.");
}

TEST(CheckupTest, AnApplicationIsToldOfInPlaceOfAWebhook) {
  PortalSight sight{.host = "x.bitrix24.ru", .facts = {.way = Way::application}};
  sight.facts.user_id = 17;
  sight.facts.user_name = "Анна Котова";
  const auto checks = check_owner(sight);
  ASSERT_EQ(checks.size(), 4U);
  EXPECT_EQ(checks[1].id, "application");
  EXPECT_EQ(checks[1].text,
            "Приложение принято, оно действует от имени сотрудника Анна Котова (id 17).");
  EXPECT_EQ(checks[2].outcome, Outcome::failure);
  EXPECT_EQ(checks[2].advice, "Пусть администратор портала выполнит sudo b24watch authorize.");
  const Check refused = check_refusal({ErrorKind::blocked, "no"}, "", Way::application);
  EXPECT_EQ(refused.id, "application");
  EXPECT_EQ(refused.advice, "Карточка приложения: Разработчикам → Другое → Локальное приложение.");
}

}  // namespace
}  // namespace b24
