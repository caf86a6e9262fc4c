#include "tests/portal/generator.h"

namespace b24::sim {
namespace {

bool away(const World& world, Id user, LocalDay day) {
  const Unix noon = at_local(day, hours{12}, world.options.offset);
  for (const AbsenceRow& absence : world.data.absences) {
    if (absence.user == user && absence.from <= noon && noon < absence.to) return true;
  }
  return false;
}

// How the days of people differ, by turns.
enum class Habit { usual, late, forgets_to_open, forgets_to_close, on_break };
constexpr Habit kHabits[] = {Habit::usual, Habit::late,     Habit::usual,
                             Habit::usual, Habit::on_break, Habit::forgets_to_close,
                             Habit::usual, Habit::usual,    Habit::forgets_to_open};

WorkdayRow day_of(const World& world, const User& user, LocalDay day, Habit habit) {
  const seconds offset = world.options.offset;
  const minutes early{user.id % 20 - 15};
  WorkdayRow row{.user = user.id};
  row.opened = at_local(day, kWorkStart + (habit == Habit::late ? minutes{62} : early), offset);
  row.breaks = 60 * (10 + user.id % 50);
  const Unix finish = at_local(day, kWorkEnd + minutes{user.id % 15}, offset);
  if (finish < world.now()) {
    row.closed = habit == Habit::forgets_to_close ? 0 : finish;
  } else {
    row.paused = habit == Habit::on_break;
  }
  return row;
}

}  // namespace

void make_workdays(World& world) {
  const seconds offset = world.options.offset;
  std::size_t turn = 0;
  for (const User& user : world.data.users) {
    if (!world.tracks_day(user)) continue;
    const Habit habit = kHabits[turn++ % std::size(kHabits)];
    LocalDay day = workday_back(local_day(world.now(), offset));
    const bool passes = habit == Habit::forgets_to_open || habit == Habit::forgets_to_close;
    if (passes && at_local(day, kWorkEnd, offset) > world.now()) day = workday_back(day - days{1});
    while (away(world, user.id, day)) day = workday_back(day - days{1});
    WorkdayRow row = day_of(world, user, day, habit);
    while (row.opened >= world.now()) {
      day = workday_back(day - days{1});
      row = day_of(world, user, day, habit);
    }
    world.data.workdays.push_back(row);
  }
}

}  // namespace b24::sim
