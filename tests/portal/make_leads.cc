#include <algorithm>

#include "tests/portal/generator.h"

namespace b24::sim {
namespace {

constexpr std::int32_t kConverted = kLeadStagesInWork;
constexpr std::int32_t kJunk = kLeadStagesInWork + 1;  // and a duplicate after it
constexpr std::int64_t kMostOpen = 10;                 // of one manager

// Two in five have become a deal, some are in work, the others came to nothing.
class LeadMaker {
 public:
  LeadMaker(World& world, const Plan& plan, Dice& dice)
      : world_(world),
        plan_(plan),
        dice_(dice),
        now_(world.now()),
        first_(world.first_stage(kLeadType)) {}

  void make() {
    const std::int64_t count = world_.options.leads;
    if (count <= 0 || plan_.managers.empty()) return;
    leads_.reserve(static_cast<std::size_t>(count));
    convert(count * 2 / 5);
    const auto managers = static_cast<std::int64_t>(plan_.managers.size());
    const std::int64_t open = std::min(count * 3 / 10, managers * kMostOpen);
    for (std::int64_t i = 0; i < open; ++i) {
      add_open(plan_.managers[static_cast<std::size_t>(i % managers)].id);
    }
    while (static_cast<std::int64_t>(leads_.size()) < count) add_lost();
    number();
  }

 private:
  struct Made {
    Lead lead;
    Deal* deal = nullptr;  // that came of it
  };

  Lead blank(Id manager, std::int32_t step) {
    Lead lead;
    lead.title = lead_title(dice_);
    PersonName name = person_name(dice_);
    lead.first_name = std::move(name.first);
    lead.last_name = std::move(name.last);
    if (dice_.chance(40)) lead.company_title = company_title(dice_);
    lead.source = dice_.chance(50) ? "WEB" : "CALL";
    lead.amount = static_cast<double>(dice_.roll(0, 90)) * 10'000;
    lead.manager = short_id(manager);
    lead.created_by = lead.updated_by = lead.moved_by = lead.last_activity_by = lead.manager;
    lead.stage = first_ + step;
    return lead;
  }

  void add(Lead lead, Deal* deal = nullptr) {
    // A change of a field leaves the stage as old as it was.
    lead.updated = dice_.chance(20) ? dice_.roll(lead.moved, now_ - 60) : lead.moved;
    lead.last_activity = lead.updated;
    if (lead.stage - first_ >= kLeadStagesInWork) lead.closed = lead.moved;
    leads_.push_back({std::move(lead), deal});
  }

  // Deals that began as a lead, spread evenly over all.
  void convert(std::int64_t count) {
    auto& deals = world_.data.deals;
    auto left = static_cast<std::int64_t>(deals.size());
    for (Deal& deal : deals) {
      if (dice_.roll(1, left--) > count) continue;
      --count;
      Lead lead = blank(deal.manager, kConverted);
      lead.source = deal.source;
      lead.amount = deal.amount;
      lead.currency = deal.currency;
      lead.contact = deal.contact;
      lead.company = deal.company;
      lead.moved = deal.created;
      lead.created = deal.created - dice_.roll(600, 5 * kDay);
      add(std::move(lead), &deal);
    }
  }

  // New ones since hours, the others since days.
  void add_open(Id manager) {
    const auto step = static_cast<std::int32_t>(dice_.roll(0, kLeadStagesInWork - 1));
    Lead lead = blank(manager, step);
    lead.moved = now_ - dice_.roll(600, step == 0 ? 8 * kHour : 3 * kDay);
    lead.created = step == 0 ? lead.moved : lead.moved - step * dice_.roll(600, 2 * kDay);
    add(std::move(lead));
  }

  void add_lost() {
    const Unix window = std::max(2, world_.options.days) * kDay;
    const auto step = static_cast<std::int32_t>(dice_.roll(kJunk, kJunk + 1));
    Lead lead = blank(dice_.pick(plan_.managers).id, step);
    lead.moved = now_ - dice_.roll(kHour, window - kDay);
    lead.created = lead.moved - dice_.roll(kHour, 6 * kDay);
    lead.repeated = step > kJunk;
    add(std::move(lead));
  }

  // Ids grow with the time of creation and have gaps, as after deletions.
  void number() {
    std::stable_sort(leads_.begin(), leads_.end(),
                     [](const Made& a, const Made& b) { return a.lead.created < b.lead.created; });
    Data& data = world_.data;
    Id id = 10;
    for (Made& made : leads_) {
      id += dice_.chance(10) ? dice_.roll(2, 4) : 1;
      made.lead.id = id;
      if (made.deal != nullptr) made.deal->lead = short_id(id);
      if (world_.options.history) {
        add_moves(world_, made.lead, kLeadType, kLeadStagesInWork, data.lead_moves);
      }
      data.leads.push_back(std::move(made.lead));
    }
    number_moves(data.lead_moves);
  }

  World& world_;
  const Plan& plan_;
  Dice& dice_;
  const Unix now_;
  const std::int32_t first_;
  std::vector<Made> leads_;
};

}  // namespace

void make_leads(World& world, const Plan& plan, Dice& dice) { LeadMaker{world, plan, dice}.make(); }

}  // namespace b24::sim
