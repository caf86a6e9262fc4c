#include <algorithm>
#include <cmath>

#include "tests/portal/generator.h"

// What is sold and paid: goods in deals, orders with their payments, comments in deals.

namespace b24::sim {
namespace {

class TradeMaker {
 public:
  TradeMaker(World& world, Dice& dice) : world_(world), dice_(dice), now_(world.now()) {}

  void make() {
    if (world_.options.products) make_products();
    if (world_.options.payments) make_payments();
    if (world_.options.comments) make_comments();
  }

 private:
  static std::int64_t hundredths(double amount) { return std::llround(amount * 100); }
  bool is(const StagedCard& card, char semantic) { return world_.stage(card).semantic == semantic; }

  // Won deals have goods, of the others some. Together they cost what the deal says.
  void make_products() {
    for (const Deal& deal : world_.data.deals) {
      if (deal.recurring || (!is(deal, 'S') && !dice_.chance(30))) continue;
      std::int64_t rest = hundredths(deal.amount);
      auto& rows = world_.data.deal_products[deal.id];
      for (auto left = dice_.roll(1, 3); left > 0 && rest > 0; --left) {
        ProductRow row = goods(deal);
        row.sort = static_cast<std::int32_t>(10 * (rows.size() + 1));
        if (left > 1) {
          row.quantity = static_cast<double>(dice_.roll(1, 3));
          row.price = rest / 400 * 100;
        } else {
          row.price = rest;
        }
        rest -= static_cast<std::int64_t>(row.quantity) * row.price;
        rows.push_back(std::move(row));
      }
    }
  }

  ProductRow goods(const Deal& deal) {
    ProductRow row;
    row.id = ++world_.data.last_product_row;
    row.owner = short_id(deal.id);
    row.name = product_name(dice_);
    row.product = static_cast<std::int32_t>(dice_.chance(80) ? dice_.roll(9600, 9700) : 0);
    if (dice_.chance(20)) row.discount_percent = static_cast<std::int32_t>(dice_.roll(1, 4) * 5);
    if (dice_.chance(70)) row.tax_percent = dice_.chance(80) ? 20 : 10;
    return row;
  }

  // Most of what is won is paid, at once or in two parts; of the rest a part is asked for. Of what
  // was paid a little is given back. An order of the shop may belong to nobody.
  void make_payments() {
    for (const Deal& deal : world_.data.deals) {
      const bool won = is(deal, 'S');
      if (deal.recurring || (won ? !dice_.chance(85) : !is(deal, 'P') || !dice_.chance(10))) {
        continue;
      }
      order(deal, kDealType, won);
    }
    for (const Invoice& invoice : world_.data.invoices) {
      if (is(invoice, 'F') || !dice_.chance(60)) continue;
      order(invoice, kInvoiceType, is(invoice, 'S'));
    }
    const Id nobody = ++world_.data.last_order;
    add(nobody, 1, 1'990'00, now_ - 2 * kDay, 1).paid = true;
    made_.back().paid_at = now_ - 2 * kDay;
    number();
  }

  void order(const StagedCard& card, std::int32_t type, bool paid) {
    const std::int64_t sum = hundredths(card.amount);
    if (sum <= 0) return;
    const Id order = ++world_.data.last_order;
    world_.data.order_links.push_back({order, type, short_id(card.id)});
    const Unix billed = std::min(now_ - 60, card.moved);
    const bool parts = dice_.chance(25);
    const std::int64_t first = parts ? sum / 2 : sum;
    pay(add(order, 1, first, billed, card.manager), card, paid);
    if (parts)
      pay(add(order, 2, sum - first, billed, card.manager), card, paid && dice_.chance(60));
  }

  Payment& add(Id order, std::int32_t number, std::int64_t sum, Unix billed, std::int32_t manager) {
    Payment payment;
    payment.order = short_id(order);
    payment.number = number;
    payment.sum = sum;
    payment.billed = billed;
    payment.manager = manager;
    made_.push_back(std::move(payment));
    return made_.back();
  }

  void pay(Payment& payment, const StagedCard& card, bool paid) {
    payment.currency = card.currency;
    if (!paid) return;
    payment.paid = true;
    payment.paid_at = dice_.roll(payment.billed, std::min(now_ - 60, payment.billed + 5 * kDay));
    payment.paid_by = card.manager;
    if (!dice_.chance(3) && returned_) return;
    returned_ = true;
    const Unix back = std::min(now_ - 60, payment.paid_at + 2 * kDay);
    payment.returned = true;
    payment.return_date = back - back % kDay;
    payment.returned_by = card.manager;
  }

  void number() {
    std::stable_sort(made_.begin(), made_.end(),
                     [](const Payment& a, const Payment& b) { return a.billed < b.billed; });
    Id id = 0;
    for (Payment& payment : made_) payment.id = id += dice_.chance(10) ? 2 : 1;
    world_.data.payments = std::move(made_);
  }

  void make_comments() {
    for (const Deal& deal : world_.data.deals) {
      if (!dice_.chance(60)) continue;
      for (auto left = dice_.roll(1, 3); left > 0; --left) {
        Comment comment;
        comment.owner = short_id(deal.id);
        comment.author = deal.manager;
        comment.at = dice_.roll(deal.created, std::max(deal.created, deal.last_activity));
        comment.text = "Клиент думает, перезвонить";
        comments_.push_back(std::move(comment));
      }
    }
    std::stable_sort(comments_.begin(), comments_.end(),
                     [](const Comment& a, const Comment& b) { return a.at < b.at; });
    Id id = 0;
    for (Comment& comment : comments_) comment.id = ++id;
    world_.data.comments = std::move(comments_);
  }

  World& world_;
  Dice& dice_;
  const Unix now_;
  bool returned_ = false;  // somebody has his money back
  std::vector<Payment> made_;
  std::vector<Comment> comments_;
};

}  // namespace

void make_trade(World& world, Dice& dice) { TradeMaker{world, dice}.make(); }

}  // namespace b24::sim
