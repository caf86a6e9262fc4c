#include <algorithm>

#include "tests/portal/generator.h"

namespace b24::sim {
namespace {

class TaskMaker {
 public:
  TaskMaker(World& world, const Plan& plan, Dice& dice)
      : world_(world), plan_(plan), dice_(dice), now_(world.now()) {}

  void make() {
    if (world_.options.tasks <= 0 || plan_.managers.empty()) return;
    for (const Manager& manager : plan_.managers) make_open(manager);
    const auto missing = world_.options.tasks - static_cast<std::int64_t>(tasks_.size());
    for (std::int64_t i = 0; i < missing; ++i) add_closed();
    std::stable_sort(tasks_.begin(), tasks_.end(),
                     [](const Task& a, const Task& b) { return a.created < b.created; });
    Id id = 500;
    for (Task& task : tasks_) task.id = id += dice_.chance(10) ? dice_.roll(2, 5) : 1;
    world_.data.tasks = std::move(tasks_);
  }

 private:
  std::int64_t usual_open() const {
    const auto managers = static_cast<std::int64_t>(plan_.managers.size());
    return std::clamp<std::int64_t>(world_.options.tasks / (2 * managers), 4, 14);
  }

  bool plenty() const {
    return world_.options.tasks >= static_cast<std::int64_t>(plan_.managers.size()) * 40;
  }

  void make_open(const Manager& manager) {
    const std::int64_t usual = usual_open();
    const std::int64_t count = usual + dice_.roll(-usual / 6, usual / 6);
    for (std::int64_t i = 0; i < count; ++i) add_open(manager.id, future());
    switch (manager.part) {
      case Part::overdue:
        add_late(manager.id, 8 + dice_.roll(0, 4), 2);
        break;
      case Part::midnight:
        for (int i = 0; i < 6; ++i) add_open(manager.id, midnight());
        break;
      case Part::deferred:
        add_late(manager.id, 6, 6);
        add_late(manager.id, 6, 4);
        if (plenty()) {
          add_late(manager.id, 6, 2);
          for (int i = 0; i < 60; ++i) add_open(manager.id, future());
        }
        break;
      case Part::absent:
        for (int i = 0; i < 7; ++i) add_open(manager.id, now_ - dice_.roll(kDay, 9 * kDay));
        break;
      case Part::ordinary:
        add_late(manager.id, dice_.roll(0, 2), 2);
        break;
      default:
        break;
    }
  }

  Unix future() { return dice_.chance(10) ? 0 : now_ + dice_.roll(20 * kHour, 12 * kDay); }

  // A date without a time of day: today's while its working hours last, otherwise tomorrow's.
  Unix midnight() const {
    const seconds offset = world_.options.offset;
    const LocalDay today = local_day(now_, offset);
    const bool day_lasts = now_ < at_local(today, kWorkEnd - minutes{30}, offset);
    return at_local(day_lasts ? today : today + days{1}, minutes{0}, offset);
  }

  // Late since yesterday or longer, at some hour of a working day.
  void add_late(Id manager, std::int64_t count, int status) {
    const seconds offset = world_.options.offset;
    const LocalDay today = local_day(now_, offset);
    for (std::int64_t i = 0; i < count; ++i) {
      const LocalDay day = workday_back(today - days{dice_.roll(1, 12)});
      add_open(manager, at_local(day, hours{dice_.roll(10, 17)}, offset));
      tasks_.back().status = static_cast<std::int8_t>(status);
      tasks_.back().control = status == 4;
    }
  }

  Task blank(Id manager) {
    Task task;
    task.title = task_title(dice_);
    task.manager = static_cast<std::int32_t>(manager);
    task.creator = static_cast<std::int32_t>(dice_.chance(60) ? manager : dice_.pick(plan_.heads));
    task.changed_by = task.creator;
    task.priority = static_cast<std::int8_t>(dice_.chance(15) ? 2 : 1);
    if (dice_.chance(50) && !world_.data.deals.empty()) {
      task.deal = static_cast<std::int32_t>(dice_.pick(world_.data.deals).id);
    }
    return task;
  }

  void add_open(Id manager, Unix deadline) {
    Task task = blank(manager);
    task.deadline = deadline;
    const Unix newest = (deadline == 0 || deadline > now_ ? now_ : deadline) - kHour;
    task.created = newest - dice_.roll(0, 10 * kDay);
    task.changed = dice_.chance(50) ? task.created : dice_.roll(task.created, now_ - 60);
    task.activity = task.changed;
    task.status_changed = task.created;
    task.status = static_cast<std::int8_t>(dice_.chance(40) ? 3 : 2);
    tasks_.push_back(std::move(task));
  }

  void add_closed() {
    const bool gone = dice_.chance(4) && !plan_.dismissed.empty();
    Task task = blank(gone ? dice_.pick(plan_.dismissed) : dice_.pick(plan_.managers).id);
    const Unix window = std::max(2, world_.options.days) * kDay;
    task.closed = now_ - dice_.roll(kHour, window);
    task.created = task.closed - dice_.roll(kHour, 12 * kDay);
    // Half were done in time; a closed one is never overdue, however late it was.
    task.deadline = task.closed + dice_.roll(-2 * kDay, 2 * kDay);
    task.changed = task.activity = task.status_changed = task.closed;
    task.closed_by = task.changed_by = task.status_changed_by = task.manager;
    task.status = 5;
    tasks_.push_back(std::move(task));
  }

  World& world_;
  const Plan& plan_;
  Dice& dice_;
  const Unix now_;
  std::vector<Task> tasks_;
};

}  // namespace

void make_tasks(World& world, const Plan& plan, Dice& dice) { TaskMaker{world, plan, dice}.make(); }

}  // namespace b24::sim
