#include <algorithm>
#include <unordered_map>

#include "tests/portal/generator.h"

// Quotes and invoices: each belongs to a deal and stands as the deal does.

namespace b24::sim {
namespace {

class PaperMaker {
 public:
  PaperMaker(World& world, Dice& dice) : world_(world), dice_(dice), now_(world.now()) {}

  void make() {
    if (world_.data.deals.empty()) return;
    make_quotes();
    make_invoices();
  }

 private:
  // The client and the sum of the deal, at a time while it was in work.
  void fill(StagedCard& paper, const Deal& deal) {
    paper.amount = deal.amount;
    paper.currency = deal.currency;
    paper.company = deal.company;
    paper.contact = deal.contact;
    paper.manager = deal.manager;
    paper.created_by = paper.updated_by = paper.moved_by = paper.last_activity_by = deal.manager;
    const bool open = world_.stage(deal).semantic == 'P';
    const Unix end = open ? now_ - 60 : deal.moved;
    paper.created = dice_.roll(deal.created, end);
    paper.moved = dice_.roll(paper.created, end);
  }

  void finish(StagedCard& paper) {
    paper.updated = dice_.chance(20) ? dice_.roll(paper.moved, now_ - 60) : paper.moved;
    paper.last_activity = paper.updated;
  }

  // A step of the way: in work while the deal is, its end afterwards.
  std::int32_t step(const Deal& deal, std::int32_t in_work) {
    const char semantic = world_.stage(deal).semantic;
    if (semantic == 'P') return static_cast<std::int32_t>(dice_.roll(0, in_work - 1));
    if (dice_.chance(20)) return in_work - 1;
    return semantic == 'S' ? in_work : in_work + 1;
  }

  template <class Row>
  void sort_and_number(std::vector<Row>& papers) {
    std::stable_sort(papers.begin(), papers.end(),
                     [](const Row& a, const Row& b) { return a.created < b.created; });
    Id id = 0;
    for (Row& paper : papers) paper.id = id += dice_.chance(10) ? dice_.roll(2, 3) : 1;
  }

  void make_quotes() {
    auto& quotes = world_.data.quotes;
    for (std::int64_t i = 0; i < world_.options.quotes; ++i) {
      const Deal& deal = dice_.pick(world_.data.deals);
      Quote quote;
      fill(quote, deal);
      quote.title = "КП: " + deal.title;
      quote.stage = world_.first_stage(kQuoteType) + step(deal, kQuoteStagesInWork);
      if (quote.stage == world_.first_stage(kQuoteType)) quote.moved = quote.created;
      finish(quote);
      quote.deal = short_id(deal.id);
      quote.lead = deal.lead;
      quote.begin_date = quote.created - quote.created % kDay;
      quote.close_date = quote.begin_date + 7 * kDay;
      quote.valid_until = quote.begin_date + 14 * kDay;
      quotes.push_back(std::move(quote));
    }
    sort_and_number(quotes);
  }

  void make_invoices() {
    std::unordered_map<Id, Id> quote_of_deal;
    for (const Quote& quote : world_.data.quotes) quote_of_deal[quote.deal] = quote.id;
    auto& invoices = world_.data.invoices;
    const Id pipeline = world_.data.invoice_pipelines.front().id;
    const std::int32_t first = world_.first_stage(kInvoiceType, pipeline);
    for (std::int64_t i = 0; i < world_.options.invoices; ++i) {
      const Deal& deal = dice_.pick(world_.data.deals);
      Invoice invoice;
      fill(invoice, deal);
      invoice.title = "Счёт: " + deal.title;
      invoice.pipeline = short_id(pipeline);
      const std::int32_t taken = step(deal, kInvoiceStagesInWork);
      invoice.stage = first + taken;
      if (taken == 0) invoice.moved = invoice.created;
      if (taken > 0) invoice.stage_before = first + std::min(taken, kInvoiceStagesInWork) - 1;
      finish(invoice);
      invoice.deal = short_id(deal.id);
      const auto quote = quote_of_deal.find(deal.id);
      if (quote != quote_of_deal.end()) invoice.quote = short_id(quote->second);
      invoice.begin_date = invoice.created - invoice.created % kDay;
      invoice.pay_before = invoice.begin_date + 5 * kDay;
      invoices.push_back(std::move(invoice));
    }
    sort_and_number(invoices);
    if (!world_.options.history) return;
    auto& moves = world_.data.invoice_moves;
    for (const Invoice& invoice : invoices) {
      add_moves(world_, invoice, kInvoiceType, kInvoiceStagesInWork, moves);
    }
    number_moves(moves);
  }

  World& world_;
  Dice& dice_;
  const Unix now_;
};

}  // namespace

void make_papers(World& world, Dice& dice) { PaperMaker{world, dice}.make(); }

}  // namespace b24::sim
