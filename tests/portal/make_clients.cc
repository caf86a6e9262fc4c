#include <algorithm>

#include "tests/portal/generator.h"

namespace b24::sim {
namespace {

// What the deals say of a client.
struct Known {
  Unix since = 0;  // the first deal
  std::int32_t manager = 0;
  std::int32_t company = 0;
};

class ClientMaker {
 public:
  ClientMaker(World& world, const Plan& plan, Dice& dice)
      : world_(world), plan_(plan), dice_(dice), now_(world.now()) {}

  void make() {
    const std::int64_t contacts = std::max<std::int64_t>(world_.options.contacts, 0);
    const std::int64_t companies = std::max<std::int64_t>(world_.options.companies, 0);
    std::vector<Known> people(static_cast<std::size_t>(contacts));
    std::vector<Known> firms(static_cast<std::size_t>(companies));
    for (Deal& deal : world_.data.deals) {
      link(deal.contact, contacts);
      link(deal.company, companies);
      meet(people, deal.contact, deal);
      meet(firms, deal.company, deal);
    }
    for (CallRow& call : world_.data.calls) link(call.contact, contacts);
    make_contacts(people);
    make_companies(firms);
  }

 private:
  // A deal or a call was made with some number of a client; there may be fewer of them. Ids are
  // without gaps, so that a large portal's deals keep their numbers.
  static void link(std::int32_t& client, std::int64_t count) {
    if (client == 0) return;
    client = count == 0 ? 0 : short_id((client - 1) % count + 1);
  }

  static void meet(std::vector<Known>& clients, std::int32_t id, const Deal& deal) {
    if (id == 0) return;
    Known& known = clients[static_cast<std::size_t>(id) - 1];
    if (known.since != 0 && known.since <= deal.created) return;
    known = {deal.created, deal.manager, deal.company};
  }

  // Some weeks before the first deal; who has none, at any time.
  void fill(Card& card, const Known& known) {
    const Unix window = std::max(2, world_.options.days) * kDay;
    card.manager = known.manager;
    if (card.manager == 0 && !plan_.managers.empty()) {
      card.manager = short_id(dice_.pick(plan_.managers).id);
    }
    card.created = known.since != 0 ? known.since - dice_.roll(60, 30 * kDay)
                                    : now_ - dice_.roll(kHour, window);
    card.updated = dice_.chance(25) ? dice_.roll(card.created, now_ - 60) : card.created;
    card.last_activity = card.updated;
    card.created_by = card.updated_by = card.last_activity_by = card.manager;
  }

  void make_contacts(const std::vector<Known>& people) {
    auto& contacts = world_.data.contacts;
    contacts.reserve(people.size());
    for (const Known& known : people) {
      Contact contact;
      contact.id = static_cast<Id>(contacts.size()) + 1;
      fill(contact, known);
      PersonName name = person_name(dice_);
      contact.first_name = std::move(name.first);
      contact.last_name = std::move(name.last);
      contact.company = known.company;
      contacts.push_back(std::move(contact));
    }
  }

  void make_companies(const std::vector<Known>& firms) {
    auto& companies = world_.data.companies;
    companies.reserve(firms.size());
    for (const Known& known : firms) {
      Company company;
      company.id = static_cast<Id>(companies.size()) + 1;
      fill(company, known);
      company.title = company_title(dice_);
      company.revenue = static_cast<double>(dice_.roll(1, 500)) * 100'000;
      companies.push_back(std::move(company));
    }
  }

  World& world_;
  const Plan& plan_;
  Dice& dice_;
  const Unix now_;
};

}  // namespace

void make_clients(World& world, const Plan& plan, Dice& dice) {
  ClientMaker{world, plan, dice}.make();
}

}  // namespace b24::sim
