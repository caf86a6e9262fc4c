#include <algorithm>

#include "tests/portal/generator.h"
#include "tests/portal/impl.h"

namespace b24::sim {
namespace {

class Mutator {
 public:
  Mutator(World& world, std::uint64_t seed)
      : world_(world), dice_(seed), managers_(world.sellers()) {
    if (managers_.empty()) managers_.push_back(world.owner);
  }

  MutationCounts make(int count) {
    for (int i = 0; i < count; ++i) one();
    return counts_;
  }

 private:
  Id somebody() { return dice_.pick(managers_); }

  void one() {
    const auto kind = dice_.roll(0, 99);
    if (kind < 45) {
      deal(kind);
    } else if (kind < 85) {
      task(kind - 45);
    } else {
      call();
    }
  }

  void deal(std::int64_t kind) {
    auto& deals = world_.data.deals;
    if (kind < 10 || deals.empty()) return add_deal();
    const auto index =
        static_cast<std::size_t>(dice_.roll(0, static_cast<std::int64_t>(deals.size()) - 1));
    Deal& deal = deals[index];
    if (kind < 14) {
      world_.delete_deal(deal.id);
      ++counts_.deals_deleted;
    } else if (kind < 28) {
      const std::int32_t stage =
          world_.first_stage(deal.pipeline) + static_cast<std::int32_t>(dice_.roll(0, 8));
      world_.move_deal(deal, stage, somebody());
      ++counts_.deals_moved;
    } else {
      deal.amount = static_cast<double>(dice_.roll(5, 900)) * 1000;
      if (dice_.chance(30)) deal.title = deal_title(dice_);
      if (dice_.chance(20)) deal.manager = static_cast<std::int32_t>(somebody());
      world_.touch_deal(deal, somebody());
      ++counts_.deals_changed;
    }
  }

  void add_deal() {
    Deal deal;
    deal.title = deal_title(dice_);
    deal.manager = static_cast<std::int32_t>(somebody());
    deal.amount = static_cast<double>(dice_.roll(5, 900)) * 1000;
    deal.source = "WEB";
    deal.stage = world_.first_stage(0);
    deal.begin_date = world_.now() - world_.now() % kDay;
    deal.close_date = deal.begin_date + 7 * kDay;
    const Id by = deal.manager;
    world_.add_deal(std::move(deal), by);
    ++counts_.deals_added;
  }

  void task(std::int64_t kind) {
    auto& tasks = world_.data.tasks;
    if (kind < 10 || tasks.empty()) return add_task();
    const auto index =
        static_cast<std::size_t>(dice_.roll(0, static_cast<std::int64_t>(tasks.size()) - 1));
    Task& task = tasks[index];
    if (kind < 14) {
      world_.delete_task(task.id);
      ++counts_.tasks_deleted;
    } else if (kind < 26) {
      world_.set_task_status(task, task.status == 5 ? 2 : 5, task.manager);
      ++counts_.tasks_closed;
    } else {
      task.deadline = world_.now() + dice_.roll(-5 * kDay, 10 * kDay);
      if (dice_.chance(30)) task.title = task_title(dice_);
      world_.touch_task(task, task.manager);
      ++counts_.tasks_changed;
    }
  }

  void add_task() {
    Task task;
    task.title = task_title(dice_);
    task.manager = static_cast<std::int32_t>(somebody());
    task.deadline = world_.now() + dice_.roll(-kDay, 10 * kDay);
    const Id by = task.manager;
    world_.add_task(std::move(task), by);
    ++counts_.tasks_added;
  }

  void call() {
    CallRow call;
    call.manager = static_cast<std::int32_t>(somebody());
    call.type = static_cast<std::uint8_t>(dice_.roll(1, 4));
    call.duration = static_cast<std::int32_t>(dice_.roll(0, 400));
    if (call.duration == 0) call.code = CallCode::missed;
    call.started = world_.now() - call.duration;
    call.phone = 79'000'000'000ULL + static_cast<std::uint64_t>(dice_.roll(1, 99'999'999));
    world_.add_call(call);
    ++counts_.calls_added;
  }

  World& world_;
  Dice dice_;
  std::vector<Id> managers_;
  MutationCounts counts_;
};

}  // namespace

MutationCounts mutate_world(World& world, int count, std::uint64_t seed) {
  return Mutator{world, seed}.make(count);
}

}  // namespace b24::sim
