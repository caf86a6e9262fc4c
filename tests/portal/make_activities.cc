#include <algorithm>
#include <set>
#include <unordered_map>

#include "tests/portal/generator.h"

namespace b24::sim {
namespace {

// The activity of call N has this much more as its id (see call_fields.cc).
constexpr Id kCallsFrom = 5000;

// What lies ahead of open deals and leads, tasks and calls as far as there is room, and for the
// rest what was done: letters, meetings, to-dos.
class ActivityMaker {
 public:
  ActivityMaker(World& world, const Plan& plan, Dice& dice)
      : world_(world),
        dice_(dice),
        now_(world.now()),
        most_(std::max<std::int64_t>(world.options.activities, 0)) {
    for (const Manager& manager : plan.managers) {
      if (manager.part == Part::overdue || manager.part == Part::overloaded ||
          manager.part == Part::quiet) {
        careless_.insert(manager.id);
      }
    }
  }

  void make() {
    if (most_ == 0) return;
    for (const Deal& deal : world_.data.deals) {
      if (world_.stage(deal).semantic == 'P' && !deal.recurring) plan_next(deal);
    }
    for (const Lead& lead : world_.data.leads) {
      if (world_.stage(lead).semantic == 'P') plan_next(lead);
    }
    take_tasks(most_ / 5);
    take_calls(most_ / 4);
    while (room() && remember()) {
    }
    number();
  }

 private:
  bool room() const { return static_cast<std::int64_t>(made_.size() + calls_.size()) < most_; }

  template <class Row>
  Activity blank(const Row& owner, Provider provider) {
    Activity activity;
    activity.provider = provider;
    activity.subject = activity_subject(dice_, provider);
    activity.owner_type = Kind<Row>::type;
    activity.owner = short_id(owner.id);
    if constexpr (kStaged<Row>) {
      activity.contact = owner.contact;
      activity.company = owner.company;
    }
    activity.manager = activity.author = activity.editor = owner.manager;
    activity.priority = static_cast<std::int8_t>(dice_.chance(15) ? 3 : 2);
    return activity;
  }

  void set_times(Activity& activity, Unix at) {
    activity.start = activity.deadline = at;
    activity.end = activity.provider == Provider::meeting ? at + kHour : at;
  }

  // Most open cards have something ahead; of careless people's, every second.
  template <class Row>
  void plan_next(const Row& card) {
    if (!room() || !dice_.chance(careless_.contains(card.manager) ? 50 : 90)) return;
    Activity activity = blank(card, dice_.chance(70) ? Provider::todo : Provider::meeting);
    set_times(activity, now_ + dice_.roll(2 * kHour, 7 * kDay));
    activity.created = dice_.roll(card.moved, now_ - 60);
    activity.updated = activity.created;
    // Some day.
    if (activity.provider == Provider::todo && dice_.chance(5)) activity.deadline = 0;
    made_.push_back(std::move(activity));
  }

  // A task that is linked to a deal stands in its timeline, the newest first.
  void take_tasks(std::int64_t count) {
    const auto& tasks = world_.data.tasks;
    for (auto task = tasks.rbegin(); task != tasks.rend() && count > 0 && room(); ++task) {
      const Deal* deal = world_.card<Deal>(task->deal);
      if (deal == nullptr) continue;
      --count;
      Activity activity = blank(*deal, Provider::task);
      activity.subject = task->title;
      activity.manager = task->manager;
      activity.author = task->creator;
      activity.editor = task->changed_by;
      activity.associated = short_id(task->id);
      activity.created = activity.start = task->created;
      activity.end = activity.deadline = task->deadline;
      activity.updated = task->changed;
      activity.completed = task->status == 5;
      made_.push_back(std::move(activity));
    }
  }

  // The newest calls with a client, in the deal that was made with him last; some are his own and
  // bound to the deal besides.
  void take_calls(std::int64_t count) {
    if (world_.data.contacts.empty()) return;
    std::unordered_map<Id, const Deal*> deal_of;
    for (const Deal& deal : world_.data.deals) deal_of[deal.contact] = &deal;
    const auto& calls = world_.data.calls;
    for (auto call = calls.rbegin(); call != calls.rend() && count > 0 && room(); ++call) {
      if (call->contact == 0) continue;
      --count;
      const auto deal = deal_of.find(call->contact);
      if (deal != deal_of.end() && dice_.chance(70)) {
        add_call(*call, blank(*deal->second, Provider::call));
      } else {
        Activity activity = blank(*world_.card<Contact>(call->contact), Provider::call);
        if (deal != deal_of.end()) activity.deal = short_id(deal->second->id);
        add_call(*call, std::move(activity));
      }
    }
    std::reverse(calls_.begin(), calls_.end());
  }

  void add_call(const CallRow& call, Activity activity) {
    const bool incoming = call.type == 2 || call.type == 3;
    const bool answered = call.duration > 0;
    activity.id = call.id + kCallsFrom;
    activity.manager = activity.author = activity.editor = call.manager;
    activity.subject = incoming ? "Входящий звонок" : "Исходящий звонок";
    activity.direction = incoming ? 1 : 2;
    activity.incoming_channel = incoming;
    // Of those that nobody took some wait to be called back.
    activity.completed = answered || !incoming || dice_.chance(85);
    activity.created = activity.start = activity.deadline = call.started;
    activity.end = call.started + call.duration;
    activity.updated = activity.end;
    calls_.push_back(std::move(activity));
  }

  // Something done in the past of some card; false when there is none.
  bool remember() {
    const Data& data = world_.data;
    const auto kind = dice_.roll(0, 9);
    if (kind < 2 && !data.leads.empty()) {
      add_done(dice_.pick(data.leads));
    } else if (kind < 3 && !data.contacts.empty()) {
      add_done(dice_.pick(data.contacts));
    } else if (!data.deals.empty()) {
      add_done(dice_.pick(data.deals));
    } else if (!data.leads.empty()) {
      add_done(dice_.pick(data.leads));
    } else {
      return false;
    }
    return true;
  }

  template <class Row>
  void add_done(const Row& card) {
    constexpr Provider kDone[] = {Provider::email, Provider::email, Provider::todo,
                                  Provider::meeting};
    Activity activity = blank(card, dice_.pick(kDone));
    activity.created = dice_.roll(card.created, std::min(card.updated + 2 * kDay, now_ - 60));
    set_times(activity, activity.created);
    activity.completed = true;
    if (activity.provider == Provider::email) {
      activity.direction = static_cast<std::int8_t>(dice_.chance(40) ? 1 : 2);
      activity.incoming_channel = activity.direction == 1;
      // A few letters wait for an answer, and have no deadline.
      activity.completed = !activity.incoming_channel || dice_.chance(95);
      if (!activity.completed) activity.deadline = 0;
      activity.updated = activity.created;
    } else {
      activity.updated = dice_.roll(activity.created, std::min(activity.created + kDay, now_ - 60));
      set_times(activity, activity.updated);
    }
    made_.push_back(std::move(activity));
  }

  // Ids grow with the time of creation; those that calls speak for are left to calls.
  void number() {
    std::stable_sort(made_.begin(), made_.end(),
                     [](const Activity& a, const Activity& b) { return a.created < b.created; });
    const Id after_calls = world_.data.calls.empty() ? 0 : kCallsFrom + world_.data.calls.back().id;
    Id id = 0;
    for (Activity& activity : made_) {
      id += dice_.chance(10) ? dice_.roll(2, 3) : 1;
      if (id > kCallsFrom && id <= after_calls) id = after_calls + 1;
      activity.id = id;
    }
    auto& activities = world_.data.activities;
    activities.resize(made_.size() + calls_.size());
    std::merge(std::make_move_iterator(made_.begin()), std::make_move_iterator(made_.end()),
               std::make_move_iterator(calls_.begin()), std::make_move_iterator(calls_.end()),
               activities.begin(),
               [](const Activity& a, const Activity& b) { return a.id < b.id; });
    for (const Activity& activity : activities) {
      if (activity.provider == Provider::task) {
        world_.task_activities[activity.associated] = activity.id;
      }
    }
  }

  World& world_;
  Dice& dice_;
  const Unix now_;
  const std::int64_t most_;
  std::set<Id> careless_;
  std::vector<Activity> made_;
  std::vector<Activity> calls_;  // with their ids
};

}  // namespace

void make_activities(World& world, const Plan& plan, Dice& dice) {
  ActivityMaker{world, plan, dice}.make();
}

}  // namespace b24::sim
