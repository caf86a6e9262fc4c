#include <algorithm>

#include "tests/portal/generator.h"
#include "tests/portal/impl.h"

namespace b24::sim {
namespace {

class Mutator {
 public:
  Mutator(World& world, std::uint64_t seed)
      : world_(world),
        dice_(seed),
        more_(seed * 0x9E3779B97F4A7C15ULL + 1),
        rates_(seed * 0x9E3779B97F4A7C15ULL + 2),
        trade_(seed * 0x9E3779B97F4A7C15ULL + 3),
        talk_(seed * 0x9E3779B97F4A7C15ULL + 4),
        managers_(world.sellers()) {
    if (managers_.empty()) managers_.push_back(world.owner);
  }

  MutationCounts make(int count) {
    for (int i = 0; i < count; ++i) {
      one();
      if (more_.chance(33)) one_more();
      if (rates_.chance(2)) rate();
      if (trade_.chance(25)) trade();
      if (talk_.chance(15)) chat();
      if (talk_.chance(3)) workday();
    }
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
      world_.delete_card<Deal>(deal.id);
      ++counts_.deals_deleted;
    } else if (kind < 28) {
      const std::int32_t stage = world_.first_stage(kDealType, deal.pipeline) +
                                 static_cast<std::int32_t>(dice_.roll(0, 8));
      world_.move_card(deal, stage, somebody());
      ++counts_.deals_moved;
    } else {
      deal.amount = static_cast<double>(dice_.roll(5, 900)) * 1000;
      if (dice_.chance(30)) deal.title = deal_title(dice_);
      if (dice_.chance(20)) deal.manager = static_cast<std::int32_t>(somebody());
      world_.touch_card(deal, somebody());
      ++counts_.deals_changed;
    }
  }

  void add_deal() {
    Deal deal;
    deal.title = deal_title(dice_);
    deal.manager = static_cast<std::int32_t>(somebody());
    deal.amount = static_cast<double>(dice_.roll(5, 900)) * 1000;
    deal.source = "WEB";
    deal.stage = world_.first_stage(kDealType);
    deal.begin_date = world_.now() - world_.now() % kDay;
    deal.close_date = deal.begin_date + 7 * kDay;
    const Id by = deal.manager;
    world_.add_card(std::move(deal), by);
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

  // One change of another kind, with dice of its own: the changes above stay the same whether those
  // kinds are there or not.
  void one_more() {
    const PortalOptions& options = world_.options;
    const auto kind = more_.roll(0, 99);
    if (kind < 30) {
      if (options.leads > 0) change(world_.data.leads, lead_counts());
    } else if (kind < 38) {
      if (options.quotes > 0) change(world_.data.quotes, quote_counts());
    } else if (kind < 46) {
      if (options.invoices > 0) change(world_.data.invoices, invoice_counts());
    } else if (kind < 58) {
      if (options.contacts > 0) change(world_.data.contacts, contact_counts());
    } else if (kind < 65) {
      if (options.companies > 0) change(world_.data.companies, company_counts());
    } else if (options.activities > 0) {
      activity();
    }
  }

  // Where the changes of a kind are counted.
  struct Counts {
    int& added;
    int& changed;
    int& moved;
    int& deleted;
  };
  Counts lead_counts() {
    return {counts_.leads_added, counts_.leads_changed, counts_.leads_moved, counts_.leads_deleted};
  }
  Counts quote_counts() {
    return {counts_.quotes_added, counts_.quotes_changed, counts_.quotes_moved,
            counts_.quotes_deleted};
  }
  Counts invoice_counts() {
    return {counts_.invoices_added, counts_.invoices_changed, counts_.invoices_moved,
            counts_.invoices_deleted};
  }
  Counts contact_counts() {
    return {counts_.contacts_added, counts_.contacts_changed, counts_.contacts_changed,
            counts_.contacts_deleted};
  }
  Counts company_counts() {
    return {counts_.companies_added, counts_.companies_changed, counts_.companies_changed,
            counts_.companies_deleted};
  }

  Id anybody() { return more_.pick(managers_); }

  template <class Row>
  Row& any_of(std::vector<Row>& rows) {
    return rows[static_cast<std::size_t>(
        more_.roll(0, static_cast<std::int64_t>(rows.size()) - 1))];
  }

  // The id of some card, to be linked to; 0 when there is none.
  template <class Row>
  std::int32_t any_id(std::vector<Row>& rows) {
    return rows.empty() ? 0 : short_id(any_of(rows).id);
  }

  template <class Row>
  void change(std::vector<Row>& rows, Counts counts) {
    const auto kind = more_.roll(0, 99);
    if (kind < 22 || rows.empty()) {
      Row card;
      card.manager = short_id(anybody());
      fill(card);
      const Id by = card.manager;
      world_.add_card(std::move(card), by);
      ++counts.added;
      return;
    }
    Row& card = any_of(rows);
    if (kind < 30) {
      world_.delete_card<Row>(card.id);
      ++counts.deleted;
      return;
    }
    if constexpr (kStaged<Row>) {
      if (kind < 60) {
        world_.move_card(card, other_stage(card), anybody());
        ++counts.moved;
        return;
      }
    }
    edit(card);
    world_.touch_card(card, anybody());
    ++counts.changed;
  }

  template <class Row>
  std::int32_t other_stage(const Row& card) {
    const std::int32_t first = world_.first_stage(Kind<Row>::type, card.pipeline);
    std::int32_t last = first;
    while (static_cast<std::size_t>(last) + 1 < world_.data.statuses.size() &&
           world_.data.statuses[static_cast<std::size_t>(last) + 1].type == Kind<Row>::type) {
      ++last;
    }
    return static_cast<std::int32_t>(more_.roll(first, last));
  }

  double sum() { return static_cast<double>(more_.roll(1, 90)) * 10'000; }

  void fill(Lead& lead) {
    PersonName name = person_name(more_);
    lead.title = lead_title(more_);
    lead.first_name = std::move(name.first);
    lead.last_name = std::move(name.last);
    lead.source = "WEB";
    lead.amount = sum();
    lead.stage = world_.first_stage(kLeadType);
  }
  void fill(Quote& quote) {
    quote.title = "КП: " + deal_title(more_);
    quote.amount = sum();
    quote.stage = world_.first_stage(kQuoteType);
    quote.deal = any_id(world_.data.deals);
    quote.begin_date = world_.now() - world_.now() % kDay;
    quote.close_date = quote.begin_date + 7 * kDay;
  }
  void fill(Invoice& invoice) {
    const Id pipeline = world_.data.invoice_pipelines.front().id;
    invoice.title = "Счёт: " + deal_title(more_);
    invoice.amount = sum();
    invoice.pipeline = short_id(pipeline);
    invoice.stage = world_.first_stage(kInvoiceType, pipeline);
    invoice.deal = any_id(world_.data.deals);
    invoice.begin_date = world_.now() - world_.now() % kDay;
    invoice.pay_before = invoice.begin_date + 5 * kDay;
  }
  void fill(Contact& contact) {
    PersonName name = person_name(more_);
    contact.first_name = std::move(name.first);
    contact.last_name = std::move(name.last);
    contact.company = any_id(world_.data.companies);
  }
  void fill(Company& company) { company.title = company_title(more_); }

  void edit(StagedCard& card) {
    card.amount = sum();
    if (more_.chance(30)) card.title += " +";
    if (more_.chance(20)) card.manager = short_id(anybody());
  }
  void edit(Contact& contact) {
    if (more_.chance(50)) contact.company = any_id(world_.data.companies);
    contact.last_name = person_name(more_).last;
  }
  void edit(Company& company) {
    company.title = company_title(more_);
    company.revenue = sum();
  }

  void activity() {
    auto& activities = world_.data.activities;
    const auto kind = more_.roll(0, 99);
    if (kind < 35 || activities.empty()) return add_activity();
    Activity& activity = any_of(activities);
    if (kind < 43) {
      world_.delete_activity(activity.id);
      ++counts_.activities_deleted;
    } else if (kind < 75) {
      world_.complete_activity(activity, !activity.completed, activity.manager);
      ++counts_.activities_completed;
    } else {
      activity.deadline = world_.now() + more_.roll(-kDay, 7 * kDay);
      if (more_.chance(30)) activity.subject = activity_subject(more_, activity.provider);
      world_.touch_activity(activity, activity.manager);
      ++counts_.activities_changed;
    }
  }

  void rate() {
    auto& all = world_.data.currencies;
    const auto last = static_cast<std::int64_t>(all.size()) - 1;
    Currency& currency = all[static_cast<std::size_t>(rates_.roll(0, last))];
    if (currency.base) return;
    currency.rate += rates_.roll(1, currency.rate / 50);
    currency.updated = world_.now();
    ++counts_.rates_changed;
  }

  // To do in a deal or a lead; a letter to a contact, about a deal or about none.
  void add_activity() {
    Data& data = world_.data;
    Activity activity;
    activity.manager = short_id(anybody());
    const auto kind = more_.roll(0, 9);
    if (kind < 6 && !data.deals.empty()) {
      activity.owner_type = kDealType;
      activity.owner = any_id(data.deals);
    } else if (kind < 9 && !data.leads.empty()) {
      activity.owner_type = kLeadType;
      activity.owner = any_id(data.leads);
    } else if (!data.contacts.empty()) {
      activity.owner_type = kContactType;
      activity.owner = any_id(data.contacts);
      if (more_.chance(50)) activity.deal = any_id(data.deals);
      activity.provider = Provider::email;
      activity.direction = 2;
      activity.completed = true;
    } else {
      return;
    }
    activity.subject = activity_subject(more_, activity.provider);
    activity.start = activity.end = activity.deadline = world_.now() + more_.roll(0, 5 * kDay);
    const Id by = activity.manager;
    world_.add_activity(std::move(activity), by);
    ++counts_.activities_added;
  }

  // What is sold and paid, with dice of its own too.
  void trade() {
    const PortalOptions& options = world_.options;
    const auto kind = trade_.roll(0, 99);
    if (kind < 60) {
      if (options.payments) payment(kind);
    } else if (kind < 85) {
      if (options.products) products();
    } else if (options.comments) {
      comment();
    }
  }

  template <class Row>
  Row* some(std::vector<Row>& rows) {
    if (rows.empty()) return nullptr;
    const auto last = static_cast<std::int64_t>(rows.size()) - 1;
    return &rows[static_cast<std::size_t>(trade_.roll(0, last))];
  }

  void payment(std::int64_t kind) {
    Data& data = world_.data;
    Payment* payment = some(data.payments);
    const Id by = trade_.pick(managers_);
    if (kind < 20 || payment == nullptr) {
      const std::int64_t sum = trade_.roll(1, 900) * 100'000 + trade_.roll(0, 99);
      const Deal* deal = some(data.deals);
      const Invoice* invoice = kind < 5 ? some(data.invoices) : nullptr;
      if (invoice != nullptr) {
        world_.add_payment(kInvoiceType, invoice->id, sum, by);
      } else if (deal != nullptr) {
        world_.add_payment(kDealType, deal->id, sum, by);
      } else {
        return;
      }
      ++counts_.payments_added;
    } else if (kind < 45) {
      // What was returned stays so: no list tells of one that was made, returned and taken back
      // between two looks.
      if (payment->returned) return;
      world_.set_paid(*payment, !payment->paid, by);
      ++counts_.payments_paid;
    } else if (kind < 53) {
      if (!payment->paid || payment->returned) return;
      world_.return_payment(*payment, by);
      ++counts_.payments_returned;
    } else {
      // With the whole order if the portal lets it go.
      const int with_order = kind < 57 ? 0 : world_.delete_order(payment->order, by);
      if (with_order > 0) {
        ++counts_.orders_deleted;
      } else {
        world_.delete_payment(payment->id, by);
      }
      counts_.payments_deleted += std::max(with_order, 1);
    }
  }

  // One of the goods becomes more or less, dearer or cheaper; or there is one more, or one less.
  void products() {
    Deal* deal = some(world_.data.deals);
    if (deal == nullptr) return;
    auto& rows = world_.data.deal_products[deal->id];
    const auto kind = trade_.roll(0, 9);
    if (rows.empty() || kind == 0) {
      ProductRow row;
      row.id = ++world_.data.last_product_row;
      row.owner = short_id(deal->id);
      row.name = product_name(trade_);
      row.price = trade_.roll(1, 90'000) * 50;
      row.tax_percent = 20;
      row.sort = static_cast<std::int32_t>(10 * (rows.size() + 1));
      rows.push_back(std::move(row));
    } else if (kind == 1) {
      rows.pop_back();
    } else {
      ProductRow& row = *some(rows);
      row.quantity = static_cast<double>(trade_.roll(1, 20)) / 4;
      if (kind < 5) row.price = trade_.roll(1, 90'000) * 50;
    }
    world_.touch_products(*deal, trade_.pick(managers_));
    ++counts_.products_changed;
  }

  void comment() {
    const Deal* deal = some(world_.data.deals);
    if (deal == nullptr) return;
    Comment comment;
    comment.owner = short_id(deal->id);
    comment.author = short_id(trade_.pick(managers_));
    comment.text = "Договорились о встрече";
    world_.add_comment(std::move(comment));
    ++counts_.comments_added;
  }

  // A client or an operator writes, a session ends, another begins.
  void chat() {
    auto& sessions = world_.data.sessions;
    if (world_.options.chats <= 0) return;
    std::vector<ChatSession*> open;
    for (ChatSession& session : sessions) {
      if (world_.is_open(session)) open.push_back(&session);
    }
    const auto kind = talk_.roll(0, 99);
    if (open.empty() || kind < 20) return add_chat();
    ChatSession& session = *talk_.pick(open);
    if (kind < 35) {
      world_.close_session(session, talk_.pick(managers_));
      ++counts_.chats_closed;
    } else {
      world_.write_message(session, kind < 70 ? session.client : talk_.pick(managers_));
      ++counts_.chat_messages_added;
    }
  }

  // Every second client has been here before.
  void add_chat() {
    auto& sessions = world_.data.sessions;
    if (world_.data.deals.empty()) return;
    ChatSession session;
    session.line = 21;
    if (!sessions.empty() && talk_.chance(50)) {
      const ChatSession& before = sessions[static_cast<std::size_t>(
          talk_.roll(0, static_cast<std::int64_t>(sessions.size()) - 1))];
      session.chat = before.chat;
      session.client = before.client;
    } else {
      session.client = kFirstClient + 50'000 + static_cast<Id>(sessions.size());
      session.chat = session.client - 600'000;
    }
    Activity activity;
    activity.subject = activity_subject(talk_, Provider::chat);
    activity.owner_type = kDealType;
    activity.owner = short_id(talk_.pick(world_.data.deals).id);
    activity.manager = short_id(talk_.pick(managers_));
    ChatSession& added = world_.add_session(std::move(session), std::move(activity));
    world_.write_message(added, added.client);
    ++counts_.chats_added;
  }

  // Somebody goes to work, has a break, comes back, goes home.
  void workday() {
    auto& all = world_.data.workdays;
    if (all.empty()) return;
    WorkdayRow& day =
        all[static_cast<std::size_t>(talk_.roll(0, static_cast<std::int64_t>(all.size()) - 1))];
    if (day.closed != 0) {
      day = {.user = day.user, .opened = world_.now()};
    } else if (talk_.chance(50)) {
      day.paused = !day.paused;
      day.breaks += 60;
    } else {
      day.closed = world_.now();
      day.paused = false;
    }
    ++counts_.workdays_changed;
  }

  World& world_;
  Dice dice_;
  Dice more_;
  Dice rates_;
  Dice trade_;
  Dice talk_;  // likewise with dice of its own
  std::vector<Id> managers_;
  MutationCounts counts_;
};

}  // namespace

MutationCounts mutate_world(World& world, int count, std::uint64_t seed) {
  return Mutator{world, seed}.make(count);
}

}  // namespace b24::sim
