#include <algorithm>
#include <iterator>

#include "tests/portal/generator.h"

namespace b24::sim {
namespace {

constexpr std::int32_t kWon = kDealStagesInWork;
constexpr std::int32_t kLost = kDealStagesInWork + 1;

// How a deal is to be: whose, in which stage of its pipeline, since when.
struct Wish {
  Id manager = 0;
  std::int32_t step = 0;  // 0 to 4 in work, kWon, kLost ...
  Unix moved = 0;
  Unix created = 0;
  bool recurring = false;
};

constexpr const char* kForeign[] = {"USD", "EUR", "KZT"};

class DealMaker {
 public:
  DealMaker(World& world, const Plan& plan, Dice& dice)
      : world_(world), plan_(plan), dice_(dice), now_(world.now()) {}

  void make() {
    if (world_.options.deals <= 0 || plan_.managers.empty()) return;
    for (const Manager& manager : plan_.managers) make_open(manager);
    std::int64_t left = world_.options.deals - static_cast<std::int64_t>(deals_.size());
    deals_.reserve(static_cast<std::size_t>(std::max<std::int64_t>(left, 0)) + deals_.size());
    for (; left > 0; --left) add(closed_deal());
    number();
  }

 private:
  std::int64_t usual_open() const {
    const auto managers = static_cast<std::int64_t>(plan_.managers.size());
    return std::clamp<std::int64_t>(world_.options.deals / (2 * managers), 3, 20);
  }

  // Ordinary people have about the same number of open deals, at most a quarter more than the
  // median; the overloaded have more than forty where the figures allow, and always double.
  void make_open(const Manager& manager) {
    const std::int64_t usual = usual_open();
    std::int64_t count = usual + dice_.roll(-usual / 8, usual / 8);
    if (manager.part == Part::overloaded) {
      count = usual >= 15 ? 46 + dice_.roll(0, 6) : usual * 2 + 3;
    }
    const bool stuck_here =
        world_.options.problems && manager.part == Part::ordinary && usual >= 5 && dice_.chance(50);
    const std::int64_t stuck = stuck_here ? dice_.roll(1, 2) : 0;
    for (std::int64_t i = 0; i < count; ++i) add(open_deal(manager.id, i < stuck));
    if (manager.part == Part::templates) {
      for (std::int64_t i = 0; i < usual; ++i) {
        Wish wish = open_deal(manager.id, true);
        wish.recurring = true;
        add(wish);
      }
    }
  }

  // Stuck ones moved weeks ago, all others within the last six days.
  Wish open_deal(Id manager, bool stuck) {
    Wish wish;
    wish.manager = manager;
    wish.step = static_cast<std::int32_t>(dice_.roll(0, kDealStagesInWork - 1));
    wish.moved = now_ - (stuck ? dice_.roll(26 * kDay, 45 * kDay) : dice_.roll(kHour, 6 * kDay));
    wish.created =
        wish.step == 0 ? wish.moved : wish.moved - wish.step * dice_.roll(kHour, 3 * kDay);
    return wish;
  }

  Wish closed_deal() {
    Wish wish;
    const auto someone = dice_.roll(0, 99);
    wish.manager = someone < 4 && !plan_.dismissed.empty() ? dice_.pick(plan_.dismissed)
                   : someone < 6                           ? dice_.pick(plan_.heads)
                                                           : dice_.pick(plan_.managers).id;
    wish.step = static_cast<std::int32_t>(dice_.chance(35) ? kWon : dice_.roll(kLost, kLost + 2));
    const Unix window = std::max(2, world_.options.days) * kDay;
    wish.moved = now_ - dice_.roll(kHour, window - kDay);
    wish.created = wish.moved - dice_.roll(kHour, 20 * kDay);
    return wish;
  }

  std::int32_t stage_index(std::int32_t pipeline, std::int32_t step) const {
    return world_.first_stage(kDealType, pipeline) + step;
  }

  void add(const Wish& wish) {
    Deal deal;
    deal.title = deal_title(dice_);
    deal.pipeline = static_cast<std::int32_t>(dice_.chance(75) ? 0 : 5);
    deal.stage = stage_index(deal.pipeline, wish.step);
    deal.manager = static_cast<std::int32_t>(wish.manager);
    deal.created_by = deal.updated_by = deal.moved_by = deal.last_activity_by = deal.manager;
    deal.created = wish.created;
    deal.moved = wish.moved;
    // A change of a field leaves the stage as old as it was.
    deal.updated = dice_.chance(30) ? dice_.roll(wish.moved, now_ - 60) : wish.moved;
    deal.last_activity = dice_.roll(wish.moved, deal.updated);
    deal.begin_date = wish.created - wish.created % kDay;
    deal.close_date = wish.moved - wish.moved % kDay + (wish.step < kWon ? 7 * kDay : 0);
    deal.amount = static_cast<double>(dice_.roll(5, 900)) * 1000;
    if (dice_.chance(10)) deal.amount += 0.5 + static_cast<double>(dice_.roll(0, 40)) / 100;
    if (dice_.chance(5)) deal.currency = kForeign[deals_.size() % std::size(kForeign)];
    deal.source = dice_.chance(50) ? "WEB" : "CALL";
    deal.type = dice_.chance(80) ? "SALE" : "SERVICES";
    deal.company = static_cast<std::int32_t>(dice_.chance(70) ? dice_.roll(1, 5000) : 0);
    deal.contact = static_cast<std::int32_t>(dice_.chance(80) ? dice_.roll(1, 9000) : 0);
    deal.recurring = wish.recurring;
    deal.repeated = dice_.chance(15);
    deals_.push_back(std::move(deal));
  }

  // Ids grow with the time of creation and have gaps, as after deletions.
  void number() {
    std::stable_sort(deals_.begin(), deals_.end(),
                     [](const Deal& a, const Deal& b) { return a.created < b.created; });
    Id id = 100;
    for (Deal& deal : deals_) {
      id += dice_.chance(10) ? dice_.roll(2, 4) : 1;
      deal.id = id;
      if (world_.options.history) add_moves(world_, deal, kDealType, kDealStagesInWork, moves_);
    }
    number_moves(moves_);
    world_.data.deals = std::move(deals_);
    world_.data.deal_moves = std::move(moves_);
  }

  World& world_;
  const Plan& plan_;
  Dice& dice_;
  const Unix now_;
  std::vector<Deal> deals_;
  std::vector<StageMove> moves_;
};

}  // namespace

void make_deals(World& world, const Plan& plan, Dice& dice) { DealMaker{world, plan, dice}.make(); }

}  // namespace b24::sim
