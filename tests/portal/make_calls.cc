#include <algorithm>
#include <unordered_map>
#include <utility>

#include "tests/portal/generator.h"

namespace b24::sim {
namespace {

constexpr std::int64_t kFewADay = 15;  // fewer than this a day: a shorter history, but a dense one
constexpr std::size_t kShortHistory = 25;
constexpr int kEffective = 30;  // seconds; longer is effective
constexpr std::size_t kEveryInternal = 20;

class CallMaker {
 public:
  CallMaker(World& world, const Plan& plan, Dice& dice)
      : world_(world),
        plan_(plan),
        dice_(dice),
        now_(world.now()),
        offset_(world.options.offset),
        today_(local_day(now_, offset_)) {}

  void make() {
    if (world_.options.calls <= 0 || plan_.managers.empty()) return;
    find_days();
    if (days_.empty()) return;
    made_.reserve(static_cast<std::size_t>(world_.options.calls) + 1000);
    for (const Manager& manager : plan_.managers) make_history(manager);
    while (static_cast<std::int64_t>(made_.size()) < world_.options.calls) {
      incoming(dice_.pick(plan_.managers), dice_.pick(days_));
    }
    number();
  }

 private:
  // The working days before today, oldest first.
  void find_days() {
    for (int back = std::max(1, world_.options.days); back >= 1; --back) {
      const LocalDay day = today_ - days{back};
      if (is_workday(day)) days_.push_back(day);
    }
    const auto per_day = [&] {
      const auto size = static_cast<std::int64_t>(days_.size() * plan_.managers.size());
      return size == 0 ? 0 : world_.options.calls / size;
    };
    if (per_day() < kFewADay && days_.size() > kShortHistory) {
      days_.erase(days_.begin(), days_.end() - kShortHistory);
    }
    a_day_ = per_day();
  }

  bool away(const Manager& manager, LocalDay day) const {
    const Unix noon = at_local(day, hours{12}, offset_);
    return std::any_of(
        world_.data.absences.begin(), world_.data.absences.end(),
        [&](const AbsenceRow& a) { return a.user == manager.id && a.from <= noon && noon < a.to; });
  }

  // Calls of one manager: about the same every day, except where his part says otherwise.
  void make_history(const Manager& manager) {
    std::vector<LocalDay> present;
    const Unix joined = world_.user(manager.id)->registered;
    for (const LocalDay day : days_) {
      if (!away(manager, day) && at_local(day, minutes{0}, offset_) >= joined) {
        present.push_back(day);
      }
    }
    const std::int64_t usual = std::min<std::int64_t>(dice_.roll(8, 12), a_day_ * 3 / 5);
    for (std::size_t i = 0; i < present.size(); ++i) {
      make_day(manager, present[i], usual, present.size() - i <= 3);
    }
    if (is_workday(today_) && !away(manager, today_)) make_today(manager, usual);
  }

  void make_day(const Manager& manager, LocalDay day, std::int64_t usual, bool late) {
    const bool falls = late && (manager.part == Part::quiet || manager.part == Part::newcomer);
    std::int64_t effective = std::max<std::int64_t>(0, usual + dice_.roll(-1, 1));
    if (falls) effective = usual / 3;
    std::int64_t other = std::max<std::int64_t>(0, a_day_ * 19 / 20 - usual);
    // Who calls less is not less busy: short and incoming calls fill the day.
    if (falls) other += usual - effective;
    if (manager.part == Part::incoming) {
      other = late ? (other + effective) / 3 : other + effective;
      effective = 0;
    }
    for (std::int64_t i = 0; i < effective; ++i) outgoing(manager, day);
    for (std::int64_t i = 0; i < other; ++i) ineffective(manager, day);
  }

  void make_today(const Manager& manager, std::int64_t usual) {
    const Unix morning = at_local(today_, kWorkStart, offset_);
    const double part = std::clamp(static_cast<double>(now_ - morning) / (9.0 * 3600), 0.0, 1.0);
    const auto count = static_cast<std::int64_t>(static_cast<double>(usual) * part);
    for (std::int64_t i = 0; i < count; ++i) {
      outgoing(manager, today_);
      CallRow& call = made_.back().second;
      call.started = dice_.roll(morning, std::max(morning, now_ - call.duration - 1));
    }
  }

  CallRow& add(const Manager& manager, LocalDay day) {
    CallRow call;
    call.manager = static_cast<std::int32_t>(manager.id);
    call.started = work_time(dice_, day, offset_);
    call.phone = 79'000'000'000ULL + static_cast<std::uint64_t>(dice_.roll(1, 99'999'999));
    call.contact = static_cast<std::int32_t>(dice_.chance(60) ? dice_.roll(1, 9000) : 0);
    call.line = static_cast<std::uint8_t>(dice_.roll(0, 4));
    made_.emplace_back(0, call);
    return made_.back().second;
  }

  void outgoing(const Manager& manager, LocalDay day) {
    CallRow& call = add(manager, day);
    call.type = dice_.chance(10) ? 4 : 1;
    call.duration = static_cast<std::int32_t>(dice_.roll(kEffective + 1, 600));
    call.code = dice_.chance(3) ? CallCode::empty : CallCode::ok;
  }

  void incoming(const Manager& manager, LocalDay day) {
    if (manager.part != Part::ordinary) return;
    CallRow& call = add(manager, day);
    call.type = 2;
    call.duration = static_cast<std::int32_t>(dice_.roll(5, 600));
  }

  // Incoming, short, unanswered: whatever is no effective outgoing call.
  void ineffective(const Manager& manager, LocalDay day) {
    constexpr CallCode kFailures[] = {CallCode::missed, CallCode::declined, CallCode::cancelled,
                                      CallCode::busy, CallCode::unavailable};
    CallRow& call = add(manager, day);
    const auto kind = manager.part == Part::incoming ? 0 : dice_.roll(0, 99);
    if (kind < 50) {
      call.type = dice_.chance(90) ? 2 : 3;
      const bool answered = dice_.chance(80);
      call.duration = static_cast<std::int32_t>(answered ? dice_.roll(10, 500) : 0);
      if (!answered) call.code = CallCode::missed;
    } else if (kind < 75) {
      call.duration = static_cast<std::int32_t>(dice_.roll(1, kEffective));
    } else {
      call.code = dice_.pick(kFailures);
    }
    if (made_.size() % kEveryInternal == 0) to_colleague(call);
  }

  // A long talk, and no effective one.
  void to_colleague(CallRow& call) {
    const auto colleague = static_cast<std::uint64_t>(plan_.managers.back().id);
    const bool extension = made_.size() % (2 * kEveryInternal) == 0;
    call.phone = extension ? 10'000 + colleague : 79'990'000'000ULL + colleague;
    call.type = 1;
    call.contact = 0;
    call.code = CallCode::ok;
    call.duration = std::max(call.duration, 2 * kEffective);
  }

  // Most of those whose call was missed are whom the manager calls next. No call is made besides:
  // the numbers of calls stay as they were dealt out.
  void call_back() {
    std::unordered_map<std::int32_t, CallRow> waiting;  // by manager: the latest call he missed
    for (auto& [written, call] : made_) {
      if ((call.type == 2 || call.type == 3) && call.code == CallCode::missed) {
        if (dice_.chance(70)) waiting[call.manager] = call;
      } else if ((call.type == 1 || call.type == 4) && !is_staff_number(call.phone)) {
        const auto missed = waiting.find(call.manager);
        if (missed == waiting.end() || missed->second.started >= call.started) continue;
        call.phone = missed->second.phone;
        call.contact = missed->second.contact;
        waiting.erase(missed);
      }
    }
  }

  // A record is written when the call ends; one in a thousand comes up to two days late, as from
  // a telephone exchange of one's own.
  void number() {
    for (auto& [written, call] : made_) {
      written = call.started + call.duration;
      if (dice_.roll(0, 999) == 0) written = std::min(now_, written + dice_.roll(3600, 2 * kDay));
    }
    std::stable_sort(made_.begin(), made_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    call_back();
    auto& calls = world_.data.calls;
    calls.reserve(made_.size());
    Id id = 0;
    for (auto& [written, call] : made_) {
      call.id = id += dice_.chance(2) ? 2 : 1;
      calls.push_back(call);
    }
  }

  World& world_;
  const Plan& plan_;
  Dice& dice_;
  const Unix now_;
  const seconds offset_;
  const LocalDay today_;
  std::vector<LocalDay> days_;
  std::int64_t a_day_ = 0;
  std::vector<std::pair<Unix, CallRow>> made_;  // when it was written down
};

}  // namespace

void make_calls(World& world, const Plan& plan, Dice& dice) { CallMaker{world, plan, dice}.make(); }

}  // namespace b24::sim
