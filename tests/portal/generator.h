#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "tests/portal/calendar.h"
#include "tests/portal/world.h"

// Makes a company with a history, the same for the same seed, figures and time.
//
// Problems are planted for a few people; everybody else stays clear of every threshold by a good
// margin, and some stand where a careless rule would speak: see Part.

namespace b24::sim {

// Random numbers that are the same on every standard library, unlike its distributions.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  // From `low` to `high`, both included.
  std::int64_t roll(std::int64_t low, std::int64_t high) {
    if (high <= low) return low;
    return low + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(int percent) { return roll(1, 100) <= percent; }
  template <class List>
  const auto& pick(const List& list) {
    return list[static_cast<std::size_t>(roll(0, static_cast<std::int64_t>(std::size(list)) - 1))];
  }

 private:
  std::mt19937_64 engine_;
};

// The part a manager plays.
enum class Part {
  ordinary,
  // Problems: a rule must speak.
  overdue,     // many overdue tasks
  overloaded,  // too many open deals
  quiet,       // effective outgoing calls fell, the sum of all calls did not
  // Traps: a rule must be silent.
  absent,     // on leave since ten days; his tasks fell due while he was away
  returned,   // was away on three of the last working days
  newcomer,   // eight days here: too little history, and his calls fell
  midnight,   // deadlines are dates of today, with no time of day
  deferred,   // late tasks, but deferred, awaiting control, or few among very many
  templates,  // many recurring deals, which are templates and old
  incoming,   // only incoming calls, and fewer of them lately
};

struct Manager {
  Id id = 0;
  Part part = Part::ordinary;
};

struct Plan {
  std::vector<Manager> managers;
  std::vector<Id> dismissed;
  std::vector<Id> heads;
};

// A colleague's extension or mobile; clients have numbers from +7 900 on.
inline bool is_staff_number(std::uint64_t phone) {
  return phone < 100'000 || phone / 10'000 == 7'999'000;
}

void generate(World& world);

// The parts of the work, in this order.
Plan make_company(World& world, Dice& dice);
void make_directories(World& world);
void make_deals(World& world, const Plan& plan, Dice& dice);
void make_tasks(World& world, const Plan& plan, Dice& dice);
void make_calls(World& world, const Plan& plan, Dice& dice);
// What follows has dice of its own, so that the above stays as it is whatever is made here. Deals
// are linked to what is there.
void make_clients(World& world, const Plan& plan, Dice& dice);
void make_leads(World& world, const Plan& plan, Dice& dice);
void make_papers(World& world, Dice& dice);
void make_activities(World& world, const Plan& plan, Dice& dice);
void make_trade(World& world, Dice& dice);
// Sessions of open lines, with their activities after all others.
void make_chats(World& world, Dice& dice);
// The latest working day of everybody whose time is kept: most have one today.
void make_workdays(World& world);

// A card's way through its stages: evenly through the `in_work` ones from the first to where it
// stands.
void add_moves(const World& world, const StagedCard& card, std::int32_t type, std::int32_t in_work,
               std::vector<StageMove>& moves);
// In the order of time, with ids.
void number_moves(std::vector<StageMove>& moves);

// Stages of a kind: those in work come first, then the good end, then the bad ones.
inline constexpr std::int32_t kLeadStagesInWork = 3;
inline constexpr std::int32_t kDealStagesInWork = 5;
inline constexpr std::int32_t kQuoteStagesInWork = 3;
inline constexpr std::int32_t kInvoiceStagesInWork = 2;

// Words for titles.
std::string deal_title(Dice& dice);
std::string task_title(Dice& dice);
std::string lead_title(Dice& dice);
std::string company_title(Dice& dice);
std::string activity_subject(Dice& dice, Provider provider);
std::string product_name(Dice& dice);
struct PersonName {
  bool female = false;
  std::string first, last;
};
PersonName person_name(Dice& dice);

// An instant within working hours of that day.
Unix work_time(Dice& dice, LocalDay day, seconds offset);
// The last working day at or before that day.
LocalDay workday_back(LocalDay day);

}  // namespace b24::sim
