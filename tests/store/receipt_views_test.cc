#include <gmock/gmock.h>

#include "tests/store/store_fixture.h"

// What the views make of payments, goods and comments, and where receipts come from.

namespace b24 {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

using Rows = std::vector<std::string>;

class ReceiptViewsTest : public StoreTest {
 protected:
  ReceiptViewsTest() {
    upsert(Entity::stage, {record(Entity::stage, 1,
                                  {{"entity_id", text("SMART_INVOICE_STAGE_2")},
                                   {"status_id", text("DT31_2:P")},
                                   {"semantics", text("S")}})});
    upsert(Entity::currency,
           {record(Entity::currency, 1, {{"code", text("RUB")}, {"is_base", integer(1)}}),
            record(Entity::currency, 2,
                   {{"code", text("USD")},
                    {"rate", Value{90.5}},
                    {"nominal", integer(1)},
                    {"is_base", integer(0)}})});
    upsert(Entity::deal, {deal(40, 11), deal(41, 12)});
    upsert(Entity::invoice, {invoice(50, "DT31_2:P", 41), invoice(51, "DT31_2:N", 40)});
  }

  static Record deal(std::int64_t id, std::int64_t manager, Time updated_at = kStart) {
    return record(Entity::deal, id,
                  {{"semantic", text("S")},
                   {"closed", integer(1)},
                   {"amount_minor", integer(1'000'000)},
                   {"currency", text("RUB")},
                   {"manager_id", integer(manager)},
                   {"moved_at", at(kStart)},
                   {"updated_at", at(updated_at)}});
  }
  static Record invoice(std::int64_t id, const char* stage, std::int64_t deal) {
    return record(Entity::invoice, id,
                  {{"pipeline_id", integer(2)},
                   {"stage_id", text(stage)},
                   {"amount_minor", integer(700'000)},
                   {"currency", text("RUB")},
                   {"manager_id", integer(13)},
                   {"deal_id", integer(deal)},
                   {"moved_at", at(kStart - hours{2})}});
  }
  static Value at(Time t) { return integer(to_unix(t)); }
  static Record payment(std::int64_t id, std::int64_t order, std::int64_t sum,
                        const Columns& more = {}) {
    return with(Entity::payment,
                record(Entity::payment, id,
                       {{"order_id", integer(order)},
                        {"sum_minor", integer(sum)},
                        {"currency", text("RUB")},
                        {"paid", integer(1)},
                        {"paid_at", at(kStart + hours{id})},
                        {"return_kind", text("N")}}),
                more);
  }
  static Record order(std::int64_t id, std::int64_t type, std::int64_t owner) {
    return record(Entity::order_link, id,
                  {{"owner_type_id", integer(type)}, {"owner_id", integer(owner)}});
  }
  void shop_is_read() {
    read_in_full(Entity::payment);
    read_in_full(Entity::order_link);
  }
  void save(const DetailRows& details) {
    in_transaction([&] { writer_->save_details(std::vector{details}); });
  }
  // number, sum, currency, paid, paid_at, pay_system
  static Record of_card(std::int64_t id, std::int64_t sum, bool paid) {
    return {id,
            {text("1/1"), integer(sum), text("RUB"), integer(paid ? 1 : 0),
             paid ? at(kStart + hours{1}) : Value{}, text("Наличные")},
            {}};
  }
  // product, name, price, quantity, discount's type, rate and sum, tax rate, included, sort
  static Record goods(std::int64_t id, std::int64_t price, double quantity, Value tax) {
    return {id,
            {integer(9600), text("Станок"), integer(price), Value{quantity}, integer(2), Value{0.0},
             integer(0), std::move(tax), integer(1), integer(10)},
            {}};
  }
  Rows receipts(const std::string& columns = "kind, id, deal_id, invoice_id, amount_minor") {
    return rows("SELECT " + columns + " FROM v_receipt ORDER BY at, id");
  }
};

TEST_F(ReceiptViewsTest, WithoutPaymentsPaidInvoicesCount) {
  EXPECT_EQ(rows("SELECT source, payments_by FROM v_receipt_source"),
            (Rows{"invoices|crm.item.payment.list"}));
  EXPECT_EQ(receipts("kind, id, at, deal_id, manager_id, amount_minor"),
            (Rows{"invoice|50|1795237200|41|12|700000"}));
  upsert(Entity::invoice_move, {record(Entity::invoice_move, 1,
                                       {{"owner_id", integer(50)},
                                        {"stage_id", text("DT31_2:P")},
                                        {"at", at(kStart - hours{1})}})});
  EXPECT_EQ(receipts("at"), (Rows{"1795240800"})) << "as the history of stages has it";
}

// Neither an invoice's leaving the portal, nor its pipeline's, changes what was received.
TEST_F(ReceiptViewsTest, DeletedInvoicesStayReceipts) {
  upsert(Entity::invoice_move, {record(Entity::invoice_move, 1,
                                       {{"owner_id", integer(50)},
                                        {"stage_id", text("DT31_2:P")},
                                        {"at", at(kStart - hours{1})}})});
  const Rows before = receipts("kind, id, at, deal_id, manager_id, amount_minor");
  ASSERT_EQ(before, (Rows{"invoice|50|1795240800|41|12|700000"}));
  const auto remove = [&](Entity entity, std::int64_t id) {
    in_transaction([&] { writer_->mark_deleted(entity, std::vector{id}, kStart); });
  };
  remove(Entity::invoice, 50);
  remove(Entity::invoice_move, 1);
  remove(Entity::stage, 1);
  EXPECT_EQ(rows("SELECT source FROM v_receipt_source"), (Rows{"invoices"}));
  EXPECT_EQ(receipts("kind, id, at, deal_id, manager_id, amount_minor"), before);
}

TEST_F(ReceiptViewsTest, WithoutInvoicesWonDealsCount) {
  upsert(Entity::invoice, {invoice(50, "DT31_2:N", 41)});
  EXPECT_EQ(rows("SELECT source FROM v_receipt_source"), (Rows{"deals"}));
  EXPECT_EQ(receipts(), (Rows{"deal|40|40|NULL|1000000", "deal|41|41|NULL|1000000"}));
}

TEST_F(ReceiptViewsTest, PaymentsOfTheShopComeFirst) {
  upsert(Entity::payment, {payment(1, 7, 600'050), payment(2, 8, 100'000),
                           payment(3, 7, 400'000, {{"paid", integer(0)}, {"paid_at", Value{}}}),
                           payment(4, 99, 500)});
  upsert(Entity::order_link, {order(7, 2, 40), order(8, 31, 50)});
  EXPECT_EQ(rows("SELECT count(*) FROM v_payment"), (Rows{"0"})) << "not read to the end yet";
  shop_is_read();
  EXPECT_EQ(rows("SELECT source, payments_by FROM v_receipt_source"),
            (Rows{"payments|sale.payment.list"}));
  EXPECT_EQ(rows("SELECT id, deal_id, invoice_id, amount, paid, is_return FROM v_payment "
                 "ORDER BY id"),
            (Rows{"1|40|NULL|6000.5|1|0", "2|41|50|1000.0|1|0", "3|40|NULL|4000.0|0|0",
                  "4|NULL|NULL|5.0|1|0"}));
  EXPECT_EQ(receipts("kind, id, deal_id, invoice_id, manager_id, amount_minor"),
            (Rows{"payment|1|40|NULL|11|600050", "payment|2|41|50|12|100000",
                  "payment|4|NULL|NULL|NULL|500"}));
}

// One whose payment was taken back keeps its time, and is no receipt.
TEST_F(ReceiptViewsTest, WhatIsNotPaidIsNoSource) {
  upsert(Entity::order_link, {order(7, 2, 40)});
  upsert(Entity::payment, {payment(1, 7, 100, {{"paid", integer(0)}})});
  shop_is_read();
  EXPECT_EQ(rows("SELECT source FROM v_receipt_source"), (Rows{"invoices"}));
  EXPECT_EQ(receipts("kind, id"), (Rows{"invoice|50"}));
  upsert(Entity::payment, {payment(1, 7, 100)}, kStart + hours{1});
  EXPECT_EQ(receipts("kind, id"), (Rows{"payment|1"}));
}

TEST_F(ReceiptViewsTest, WhatIsReturnedIsNegative) {
  upsert(Entity::order_link, {order(7, 2, 40)});
  upsert(
      Entity::payment,
      {payment(1, 7, 100, {{"return_kind", text("Y")}, {"return_date", text("2026-11-23")}}),
       // A return takes the mark of payment away on some portals; the letter tells which way.
       payment(2, 7, 200, {{"return_kind", text("P")}, {"paid", integer(0)}}), payment(3, 7, 300)});
  shop_is_read();
  EXPECT_EQ(receipts("kind, id, at - 1795244400, amount_minor"),
            (Rows{"payment|1|3600|100", "payment|2|7200|200", "refund|2|7200|-200",
                  "payment|3|10800|300", "refund|1|169200|-100"}));
  // One that is taken back later, without a date, was when it was noticed.
  upsert(Entity::payment, {payment(3, 7, 300, {{"return_kind", text("Y")}})}, kStart + days{5});
  EXPECT_EQ(rows("SELECT returned_at - 1795244400 FROM v_payment WHERE id = 3"), (Rows{"432000"}));
  EXPECT_EQ(rows("SELECT sum(amount_minor) FROM v_receipt"), (Rows{"0"}));
}

TEST_F(ReceiptViewsTest, WithoutTheShopCardsAreAsked) {
  save({Detail::deal_payment, 40, {of_card(1, 100, true), of_card(2, 200, false)}});
  save({Detail::invoice_payment, 50, {of_card(3, 300, true)}});
  EXPECT_EQ(rows("SELECT id, deal_id, invoice_id, amount_minor, paid, is_return FROM v_payment "
                 "ORDER BY id"),
            (Rows{"1|40|NULL|100|1|0", "2|40|NULL|200|0|0", "3|41|50|300|1|0"}));
  EXPECT_EQ(receipts(), (Rows{"payment|1|40|NULL|100", "payment|3|41|50|300"}));
  // With the shop's list that alone counts.
  shop_is_read();
  EXPECT_EQ(rows("SELECT count(*) FROM v_payment"), (Rows{"0"}));
}

TEST_F(ReceiptViewsTest, TheOneResponsibleThatDayIsCredited) {
  upsert(Entity::order_link, {order(7, 2, 40)});
  upsert(Entity::payment, {payment(1, 7, 100), payment(9, 7, 900)});
  shop_is_read();
  upsert(Entity::deal, {deal(40, 15, kStart + hours{5})}, kStart + hours{5});
  EXPECT_EQ(receipts("id, manager_id"), (Rows{"1|11", "9|15"}));
}

TEST_F(ReceiptViewsTest, GoodsSayWhatIsTax) {
  save({Detail::product_row,
        40,
        {goods(1, 12'000, 2.5, integer(20)), goods(2, 1'000, 3, Value{}),
         goods(3, 333, 0.5, integer(0))}});
  save({Detail::product_row, 77, {goods(9, 1, 1, Value{})}});
  EXPECT_EQ(rows("SELECT id, deal_id, amount_minor, net_minor, currency FROM v_deal_product "
                 "ORDER BY id"),
            (Rows{"1|40|30000|25000|RUB", "2|40|3000|3000|RUB", "3|40|167|167|RUB"}))
      << "and those of a deal that is not here are not kept";
  upsert(Entity::order_link, {order(7, 2, 40), order(8, 2, 41)});
  upsert(Entity::payment, {payment(1, 7, 33'167), payment(2, 8, 600)});
  shop_is_read();
  EXPECT_EQ(receipts("id, net_minor"), (Rows{"1|28167", "2|600"}));
  save({Detail::product_row, 40, {}});
  EXPECT_EQ(rows("SELECT count(*) FROM v_deal_product"), (Rows{"0"})) << "as they are now";
}

TEST_F(ReceiptViewsTest, ReceiptsAreWorthTheirRate) {
  upsert(Entity::order_link, {order(7, 2, 40)});
  upsert(Entity::payment, {payment(1, 7, 100), payment(2, 7, 200, {{"currency", text("USD")}}),
                           payment(3, 7, 300, {{"currency", text("EUR")}})});
  shop_is_read();
  EXPECT_EQ(receipts("id, amount_base_minor"), (Rows{"1|100", "2|18100", "3|NULL"}));
}

TEST_F(ReceiptViewsTest, TheRateIsThatOfTheReceiptAndTheBaseThatOfToday) {
  const auto currency = [](std::int64_t id, const char* code, double rate, bool base) {
    return record(Entity::currency, id,
                  {{"code", text(code)},
                   {"rate", Value{rate}},
                   {"nominal", integer(1)},
                   {"is_base", integer(base ? 1 : 0)}});
  };
  const auto dollars = [](std::int64_t id) {
    return payment(id, 7, 200, {{"currency", text("USD")}});
  };
  upsert(Entity::currency, {currency(3, "EUR", 0.5, false)});
  upsert(Entity::order_link, {order(7, 2, 40)});
  upsert(Entity::payment, {payment(1, 7, 100), dollars(2), dollars(30),
                           payment(31, 7, 300, {{"currency", text("EUR")}})});
  shop_is_read();
  upsert(Entity::currency, {currency(2, "USD", 100, false)}, kStart + days{1});
  in_transaction([&] {
    writer_->mark_deleted(Entity::currency, std::vector<std::int64_t>{3}, kStart + days{2});
  });
  EXPECT_EQ(receipts("id, amount_base_minor"), (Rows{"1|100", "2|18100", "30|20000", "31|150"}))
      << "that of a currency that has left, too";
  upsert(Entity::currency, {currency(1, "RUB", 0.01, false), currency(2, "USD", 1, true)},
         kStart + days{3});
  upsert(Entity::payment, {payment(99, 7, 500)}, kStart + days{5});
  EXPECT_EQ(receipts("id, amount_base_minor"),
            (Rows{"1|NULL", "2|200", "30|200", "31|NULL", "99|5"}))
      << "nothing tells the rate between two bases";
}

TEST_F(ReceiptViewsTest, CommentsAreThoseOfDealsThatAreThere) {
  save({Detail::deal_comment, 40, {{5, {integer(11), at(kStart)}, {}}}});
  save({Detail::deal_comment, 41, {{6, {integer(12), at(kStart)}, {}}}});
  in_transaction(
      [&] { writer_->mark_deleted(Entity::deal, std::vector<std::int64_t>{41}, kStart); });
  EXPECT_EQ(rows("SELECT id, deal_id, author_id, created_at FROM v_comment"),
            (Rows{"5|40|11|1795244400"}));
}

TEST_F(ReceiptViewsTest, OnlyWhatIsAskedForIsRead) {
  const auto made = reader();
  const auto details = [&](const std::string& sql) {
    const auto info = made->prepare(sql);
    if (!info) throw std::runtime_error{info.error().text};
    return info->details;
  };
  EXPECT_THAT(details("SELECT sum(amount_minor) FROM v_receipt"),
              ElementsAre(Detail::deal_payment, Detail::invoice_payment));
  EXPECT_THAT(details("SELECT sum(net_minor) FROM v_receipt"),
              ElementsAre(Detail::product_row, Detail::deal_payment, Detail::invoice_payment));
  EXPECT_THAT(details("SELECT id FROM v_comment"), ElementsAre(Detail::deal_comment));
  EXPECT_THAT(details("SELECT id FROM v_deal"), ElementsAre());
}

// --- what is wanted, and when ---

class WantedDetailsTest : public ReceiptViewsTest {
 protected:
  WantedDetailsTest() {
    upsert(Entity::deal, {with(Entity::deal, deal(42, 11), {{"closed", integer(0)}}),
                          deal(43, 11, kStart - days{100})});
  }
  void need(const std::set<Detail>& details) {
    in_transaction([&] { writer_->need_details(details, kStart); });
  }
  Rows wanted() {
    return rows(
        "SELECT detail, closed, owner_id FROM wanted_details "
        "WHERE detail <> 'activity_link' ORDER BY 1, 2, 3");
  }
};

TEST_F(WantedDetailsTest, NothingIsWantedUnlessSomeRuleReadsIt) {
  EXPECT_EQ(wanted(), Rows{});
  need({Detail::product_row});
  EXPECT_EQ(wanted(), (Rows{"product_row|0|42", "product_row|1|40", "product_row|1|41"}))
      << "of deals that are open or changed of late";
  for (const DetailState& state : reader()->details()) {
    const bool always = !spec(state.detail).lazy;
    EXPECT_EQ(state.needed, always || state.detail == Detail::product_row) << name(state.detail);
  }
  save({Detail::product_row, 42, {}});
  need({Detail::product_row});
  EXPECT_EQ(wanted(), (Rows{"product_row|1|40", "product_row|1|41"})) << "no news";
  upsert(Entity::deal, {deal(42, 12, kStart + seconds{1})});
  EXPECT_EQ(wanted(), (Rows{"product_row|1|40", "product_row|1|41", "product_row|1|42"}));
  need({Detail::deal_comment});
  EXPECT_EQ(wanted(), (Rows{"deal_comment|1|40", "deal_comment|1|41", "deal_comment|1|42"}));
  need({});
  EXPECT_EQ(wanted(), Rows{});
}

// Nobody keeps them up to date.
TEST_F(WantedDetailsTest, WhatNoRuleReadsAnyMoreIsForgotten) {
  need({Detail::product_row, Detail::deal_comment});
  save({Detail::product_row, 40, {goods(1, 100, 1, Value{})}});
  save({Detail::deal_comment, 40, {{5, {integer(11), at(kStart)}, {}}}});
  in_transaction([&] { writer_->save_detail({Detail::product_row, true, false}); });
  need({Detail::deal_comment});
  EXPECT_EQ(rows("SELECT count(*) FROM v_deal_product"), (Rows{"0"}));
  EXPECT_EQ(rows("SELECT full_done FROM details WHERE detail = 'product_row'"), (Rows{"0"}));
  EXPECT_EQ(rows("SELECT count(*) FROM v_comment"), (Rows{"1"})) << "those are still read";
  // An answer that was under way.
  save({Detail::product_row, 40, {goods(1, 100, 1, Value{})}});
  need({Detail::product_row, Detail::deal_comment});
  EXPECT_EQ(rows("SELECT count(*) FROM v_deal_product"), (Rows{"0"}));
}

TEST_F(WantedDetailsTest, CardsThatMayHaveBeenPaidAreAskedAgain) {
  need({Detail::deal_payment, Detail::invoice_payment});
  for (const std::int64_t id : {40, 41, 42, 43}) {
    save({Detail::deal_payment, id, {of_card(id, 100, id != 43)}});
  }
  for (const std::int64_t id : {50, 51}) save({Detail::invoice_payment, id, {}});
  ASSERT_EQ(wanted(), Rows{});
  in_transaction([&] { writer_->want_payments_again(kStart + days{50}); });
  EXPECT_EQ(wanted(), (Rows{"deal_payment|0|42", "deal_payment|1|43"}))
      << "an open one, and one with something unpaid";
  in_transaction([&] { writer_->want_payments_again(kStart + days{1}); });
  EXPECT_EQ(wanted().size(), 6U) << "all that moved of late";
}

}  // namespace
}  // namespace b24
