#include <algorithm>
#include <chrono>

#include "tests/portal/facts.h"
#include "tests/portal/generator.h"
#include "tests/portal/impl.h"

// The demo's story, in steps: one manager's tasks fall due one after the other until there is a
// pile, which he then clears; another one is handed deal after deal, which later are closed; calls
// come in all the time. Then it begins again with the next pair.

namespace b24::sim {
namespace {

constexpr int kPile = 24;     // tasks: over a fifth of anybody's
constexpr int kPileStep = 6;  // at a time
constexpr int kDeals = 30;
constexpr int kDealStep = 5;
constexpr int kPause = 12;  // steps for which the problem stays

class Story {
 public:
  Story(World& world, std::uint64_t seed)
      : world_(world), dice_(seed), managers_(world.sellers()) {}

  void step() {
    if (managers_.size() < 2) return;
    ring();
    if (phase_ == Phase::grow) {
      grow();
    } else if (phase_ == Phase::stay) {
      if (++steps_ >= kPause) phase_ = Phase::clear;
    } else {
      clear();
    }
  }

 private:
  enum class Phase { grow, stay, clear };

  // Ordinary managers stand at odd places (see part_of in company.cc).
  Id busy() const { return managers_[(turn_ * 2 + 1) % managers_.size()]; }
  Id loaded() const { return managers_[(turn_ * 2 + 3) % managers_.size()]; }

  void ring() {
    CallRow call;
    call.manager = static_cast<std::int32_t>(dice_.pick(managers_));
    call.type = static_cast<std::uint8_t>(dice_.roll(1, 2));
    call.duration = static_cast<std::int32_t>(dice_.roll(10, 300));
    call.started = world_.now() - call.duration;
    call.phone = 79'000'000'000ULL + static_cast<std::uint64_t>(dice_.roll(1, 99'999'999));
    world_.add_call(call);
  }

  void grow() {
    for (int i = 0; i < kPileStep && static_cast<int>(tasks_.size()) < kPile; ++i) add_task();
    for (int i = 0; i < kDealStep && static_cast<int>(deals_.size()) < kDeals; ++i) add_deal();
    if (static_cast<int>(tasks_.size()) < kPile || static_cast<int>(deals_.size()) < kDeals) return;
    phase_ = Phase::stay;
    steps_ = 0;
  }

  void add_task() {
    Task task;
    task.title = task_title(dice_);
    task.manager = static_cast<std::int32_t>(busy());
    // Not at midnight, which would mean the end of a day.
    task.deadline = world_.now() - dice_.roll(2, 20) * kHour - 61;
    tasks_.push_back(world_.add_task(std::move(task), busy()).id);
  }

  void add_deal() {
    Deal deal;
    deal.title = deal_title(dice_);
    deal.manager = static_cast<std::int32_t>(loaded());
    deal.amount = static_cast<double>(dice_.roll(5, 900)) * 1000;
    deal.stage = world_.first_stage(kDealType);
    deals_.push_back(world_.add_card(std::move(deal), loaded()).id);
  }

  void clear() {
    for (int i = 0; i < kPileStep && !tasks_.empty(); ++i) {
      if (Task* task = find_row(world_.data.tasks, tasks_.back())) {
        world_.set_task_status(*task, 5, task->manager);
      }
      tasks_.pop_back();
    }
    for (int i = 0; i < kDealStep && !deals_.empty(); ++i) {
      if (Deal* deal = find_row(world_.data.deals, deals_.back())) {
        const auto won = world_.stage_index(kDealType, "WON").value_or(deal->stage);
        world_.move_card(*deal, won, deal->manager);
      }
      deals_.pop_back();
    }
    if (!tasks_.empty() || !deals_.empty()) return;
    phase_ = Phase::grow;
    ++turn_;
  }

  World& world_;
  Dice dice_;
  std::vector<Id> managers_;
  Phase phase_ = Phase::grow;
  std::size_t turn_ = 0;
  int steps_ = 0;
  std::vector<Id> tasks_, deals_;
};

}  // namespace

void run_live(Portal::Impl& impl, const std::stop_token& stop) {
  std::unique_lock lock{impl.mutex};
  Story story{impl.world, impl.world.options.seed + 1};
  const auto interval =
      std::chrono::duration<double>{std::max(0.05, impl.world.options.live_interval_seconds)};
  while (!stop.stop_requested()) {
    story.step();
    impl.changed.wait_for(lock, stop, interval, [] { return false; });
  }
}

}  // namespace b24::sim
