#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "tests/portal/generator.h"

namespace b24::sim {
namespace {

constexpr Id kAdministrator = 1;
constexpr Id kDirector = 2;

User person(World& world, Dice& dice, Id department, const char* position) {
  User user;
  user.id = world.data.users.empty() ? 1 : world.data.users.back().id + dice.roll(1, 2);
  PersonName name = person_name(dice);
  user.female = name.female;
  user.first_name = std::move(name.first);
  user.last_name = std::move(name.last);
  user.position = position;
  user.departments = {department};
  user.inner_phone = std::to_string(10'000 + user.id);
  user.mobile_phone = fmt::format("+7 999 000-{:02}-{:02}", user.id / 100, user.id % 100);
  // Midnight UTC, as the portal keeps dates without a time of day.
  const Unix joined = world.now() - dice.roll(300, 1500) * kDay;
  user.registered = joined - joined % kDay;
  if (dice.chance(50)) user.hired = user.registered;
  return user;
}

Id add_person(World& world, Dice& dice, Id department, const char* position) {
  world.data.users.push_back(person(world, dice, department, position));
  return world.data.users.back().id;
}

void add_leaders(World& world, Dice& dice) {
  User administrator = person(world, dice, 1, "Администратор портала");
  administrator.id = kAdministrator;
  world.data.users.push_back(administrator);
  User director = person(world, dice, 1, "Директор");
  director.id = kDirector;
  world.data.users.push_back(director);
}

void add_departments(World& world, Dice& dice, Plan& plan) {
  auto& departments = world.data.departments;
  departments.push_back({1, "Головной офис", 0, kDirector, 500});
  const int count = std::max(1, world.options.departments);
  for (int i = 1; i <= count; ++i) {
    const Id id = i + 1;
    const Id head = add_person(world, dice, id, "Руководитель отдела продаж");
    const std::string name = count == 1 ? "Отдел продаж" : "Отдел продаж " + std::to_string(i);
    departments.push_back({id, name, 1, head, 500});
    plan.heads.push_back(head);
  }
  const Id accounts = count + 2;
  departments.push_back({accounts, "Бухгалтерия", 1, 0, 500});
  for (int i = 0; i < 3; ++i) add_person(world, dice, accounts, "Бухгалтер");
}

// Problems and traps are dealt out from the front of this list; the more managers, the more
// rounds, but most people stay ordinary.
constexpr Part kParts[] = {Part::overdue,  Part::overloaded, Part::quiet,    Part::midnight,
                           Part::absent,   Part::newcomer,   Part::deferred, Part::templates,
                           Part::returned, Part::incoming};

// Every second manager, beginning with the first, has a part, while parts last: one round for ten
// to thirty-nine managers, a further one for each twenty more.
Part part_of(int index, int managers) {
  const int parts = static_cast<int>(std::size(kParts));
  const int rounds = std::max(1, managers / 20);
  if (index % 2 != 0 || index / 2 >= parts * rounds) return Part::ordinary;
  return kParts[(index / 2) % parts];
}

void add_absence(World& world, const Manager& manager) {
  const seconds offset = world.options.offset;
  const LocalDay today = local_day(world.now(), offset);
  const auto away = [&](LocalDay from, LocalDay to, bool all_day) {
    world.data.absences.push_back({manager.id, at_local(from, minutes{0}, offset),
                                   at_local(to, minutes{0}, offset), all_day});
  };
  if (manager.part == Part::absent) away(today - days{10}, today + days{5}, true);
  if (manager.part == Part::returned) {
    // The three working days before the last one.
    const LocalDay last = workday_back(today - days{1});
    LocalDay from = last;
    for (int i = 0; i < 3; ++i) from = workday_back(from - days{1});
    away(from, last, false);
  }
}

void add_managers(World& world, Dice& dice, Plan& plan) {
  const int departments = std::max(1, world.options.departments);
  for (int i = 0; i < world.options.managers; ++i) {
    Manager manager;
    manager.id = add_person(world, dice, 2 + i % departments, "Менеджер по продажам");
    if (world.options.problems) manager.part = part_of(i, world.options.managers);
    if (manager.part == Part::newcomer) {
      const Unix joined = world.now() - 8 * kDay;
      world.data.users.back().registered = joined - joined % kDay;
      world.data.users.back().hired = joined - joined % kDay;
    }
    add_absence(world, manager);
    plan.managers.push_back(manager);
  }
  const int dismissed = std::max(1, world.options.managers / 10);
  for (int i = 0; i < dismissed; ++i) {
    plan.dismissed.push_back(add_person(world, dice, 2 + i % departments, "Менеджер по продажам"));
    world.data.users.back().active = false;
  }
}

}  // namespace

Plan make_company(World& world, Dice& dice) {
  Plan plan;
  add_leaders(world, dice);
  add_departments(world, dice, plan);
  add_managers(world, dice, plan);
  return plan;
}

Unix work_time(Dice& dice, LocalDay day, seconds offset) {
  const std::int64_t length = (kWorkEnd - kWorkStart).count() * 60;
  return at_local(day, kWorkStart, offset) + dice.roll(0, length - 900);
}

LocalDay workday_back(LocalDay day) {
  while (!is_workday(day)) day -= days{1};
  return day;
}

namespace {

// What is not given follows from the number of deals.
void settle_figures(PortalOptions& options) {
  const auto usual = [](std::int64_t& figure, std::int64_t otherwise) {
    if (figure < 0) figure = otherwise;
  };
  usual(options.leads, options.deals / 2);
  usual(options.contacts, options.deals / 2);
  usual(options.companies, options.deals / 5);
  usual(options.quotes, options.deals / 10);
  usual(options.invoices, options.deals / 10);
  usual(options.activities, options.deals * 2);
  usual(options.chats,
        options.activities == 0 ? 0 : std::min<std::int64_t>(options.deals / 20, 200));
  if (options.leads_mode == LeadsMode::simple) options.leads = 0;
}

// Makes one part with dice of its own.
template <class Make>
void with_own_dice(const World& world, std::uint64_t part, Make make) {
  Dice dice{world.options.seed * 0x9E3779B97F4A7C15ULL + part};
  make(dice);
}

}  // namespace

void generate(World& world) {
  settle_figures(world.options);
  Dice dice{world.options.seed};
  make_directories(world);
  const Plan plan = make_company(world, dice);
  make_deals(world, plan, dice);
  make_tasks(world, plan, dice);
  make_calls(world, plan, dice);
  with_own_dice(world, 1, [&](Dice& own) { make_clients(world, plan, own); });
  with_own_dice(world, 2, [&](Dice& own) { make_leads(world, plan, own); });
  with_own_dice(world, 3, [&](Dice& own) { make_papers(world, own); });
  with_own_dice(world, 4, [&](Dice& own) { make_activities(world, plan, own); });
  with_own_dice(world, 5, [&](Dice& own) { make_trade(world, own); });
  with_own_dice(world, 6, [&](Dice& own) { make_chats(world, own); });
  make_workdays(world);
  world.owner =
      world.options.admin || plan.managers.empty() ? kAdministrator : plan.managers.front().id;
}

}  // namespace b24::sim
