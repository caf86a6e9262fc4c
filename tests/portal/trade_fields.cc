#include <cmath>

#include "tests/portal/card_fields.h"
#include "tests/portal/tables.h"

// Goods, orders, payments and comments (portal docs: crm-item-productrow-list.md,
// crm-order-entity-list.md, sale-payment-list.md, crm-item-payment-list.md,
// crm-timeline-comment-list.md).

namespace b24::sim {
namespace {

Cell hundredths(double number) { return real_cell(std::round(number) / 100); }

// --- goods ---

// With tax and discount, as the row keeps it; without the one, the other, or both.
double with_both(const ProductRow& row) { return static_cast<double>(row.price); }
double untaxed(const ProductRow& row, double price) {
  return row.tax_percent > 0 ? price * 100 / (100 + row.tax_percent) : price;
}
double before_discount(const ProductRow& row, double price) {
  return price * 100 / (100 - row.discount_percent);
}

Cell price(const ProductRow& row, Scratch&) { return hundredths(with_both(row)); }
Cell price_exclusive(const ProductRow& row, Scratch&) {
  return hundredths(untaxed(row, with_both(row)));
}
Cell price_netto(const ProductRow& row, Scratch&) {
  return hundredths(before_discount(row, untaxed(row, with_both(row))));
}
Cell price_brutto(const ProductRow& row, Scratch&) {
  return hundredths(before_discount(row, with_both(row)));
}
Cell discount_sum(const ProductRow& row, Scratch&) {
  const double price = untaxed(row, with_both(row));
  return hundredths(before_discount(row, price) - price);
}
Cell tax_rate(const ProductRow& row, Scratch&) {
  return row.tax_percent < 0 ? null_cell() : integer_cell(row.tax_percent);
}
Cell basket(const ProductRow& row, Scratch& scratch) {
  scratch.text = fmt::format("sale_basket_{}", row.id);
  return text_cell(scratch.text);
}
template <int number>
Cell fixed(const ProductRow&, Scratch&) {
  return integer_cell(number);
}

constexpr Field<ProductRow> kProductRowFields[] = {
    {"id", "id", integer_of<ProductRow, &ProductRow::id>},
    {"ownerId", "ownerId", integer_of<ProductRow, &ProductRow::owner>},
    {"ownerType", "ownerType", [](const ProductRow&, Scratch&) { return text_cell("D"); }},
    {"productId", "productId", integer_of<ProductRow, &ProductRow::product>},
    {"productName", "productName", text_of<ProductRow, &ProductRow::name>},
    {"price", "price", price},
    {"priceAccount", "priceAccount", price},
    {"priceExclusive", "priceExclusive", price_exclusive},
    {"priceNetto", "priceNetto", price_netto},
    {"priceBrutto", "priceBrutto", price_brutto},
    {"quantity", "quantity", real_of<ProductRow, &ProductRow::quantity>},
    {"discountTypeId", "discountTypeId", fixed<2>},
    {"discountRate", "discountRate", integer_of<ProductRow, &ProductRow::discount_percent>},
    {"discountSum", "discountSum", discount_sum},
    {"taxRate", "taxRate", tax_rate},
    {"taxIncluded", "taxIncluded", yes_of<ProductRow>},
    {"customized", "customized", yes_of<ProductRow>},
    {"measureCode", "measureCode", fixed<796>},
    {"measureName", "measureName", [](const ProductRow&, Scratch&) { return text_cell("шт"); }},
    {"sort", "sort", integer_of<ProductRow, &ProductRow::sort>},
    {"xmlId", "xmlId", basket},
    {"type", "type", fixed<4>},
    {"storeId", "storeId", unset_of<ProductRow>},
};

// --- orders ---

constexpr Field<OrderLink> kOrderLinkFields[] = {
    {"orderId", "orderId", integer_of<OrderLink, &OrderLink::id>},
    {"ownerId", "ownerId", integer_of<OrderLink, &OrderLink::owner>},
    {"ownerTypeId", "ownerTypeId", integer_of<OrderLink, &OrderLink::owner_type>},
};

// --- payments ---

Cell account_number(const Payment& payment, Scratch& scratch) {
  scratch.text = fmt::format("{}/{}", payment.order, payment.number);
  return text_cell(scratch.text);
}
Cell sum(const Payment& payment, Scratch&) { return hundredths(static_cast<double>(payment.sum)); }
Cell pay_system(const Payment&, Scratch&) { return integer_cell(6); }
Cell pay_system_name(const Payment&, Scratch&) { return text_cell("Наличные"); }
Cell pay_system_xml(const Payment&, Scratch&) { return text_cell("bx_64134ba550ffa"); }
Cell xml_id(const Payment& payment, Scratch& scratch) {
  scratch.text = fmt::format("bx_{:013x}", payment.id);
  return text_cell(scratch.text);
}
Cell cash_on_delivery(const Payment&, Scratch&) { return text_cell("0.000000"); }
Cell who_paid(const Payment& payment, Scratch&) {
  return payment.paid ? integer_cell(payment.paid_by) : null_cell();
}
Cell who_returned(const Payment& payment, Scratch&) {
  return payment.returned ? integer_cell(payment.returned_by) : null_cell();
}

constexpr Field<Payment> kPaymentFields[] = {
    {"id", "id", integer_of<Payment, &Payment::id>},
    {"accountNumber", "accountNumber", account_number},
    {"comments", "comments", empty_text_of<Payment>},
    {"companyId", "companyId", unset_of<Payment>},
    {"currency", "currency", text_of<Payment, &Payment::currency>},
    {"dateBill", "dateBill", time_of<Payment, &Payment::billed>},
    {"dateMarked", "dateMarked", unset_of<Payment>},
    {"datePaid", "datePaid", time_of<Payment, &Payment::paid_at>},
    {"datePayBefore", "datePayBefore", unset_of<Payment>},
    {"dateResponsibleId", "dateResponsibleId", time_of<Payment, &Payment::billed>},
    {"empMarkedId", "empMarkedId", unset_of<Payment>},
    {"empPaidId", "empPaidId", who_paid},
    {"empResponsibleId", "empResponsibleId", integer_of<Payment, &Payment::manager>},
    {"empReturnId", "empReturnId", who_returned},
    {"externalPayment", "externalPayment", no_of<Payment>},
    {"id1c", "id1c", empty_text_of<Payment>},
    {"isReturn", "isReturn", flag_of<Payment, &Payment::returned>},
    {"marked", "marked", no_of<Payment>},
    {"orderId", "orderId", integer_of<Payment, &Payment::order>},
    {"paid", "paid", flag_of<Payment, &Payment::paid>},
    {"payReturnComment", "payReturnComment", empty_text_of<Payment>},
    {"payReturnDate", "payReturnDate", date_of<Payment, &Payment::return_date>},
    {"payReturnNum", "payReturnNum", empty_text_of<Payment>},
    {"paySystemId", "paySystemId", pay_system},
    {"paySystemIsCash", "paySystemIsCash", yes_of<Payment>},
    {"paySystemName", "paySystemName", pay_system_name},
    {"paySystemXmlId", "paySystemXmlId", pay_system_xml},
    {"payVoucherDate", "payVoucherDate", unset_of<Payment>},
    {"payVoucherNum", "payVoucherNum", empty_text_of<Payment>},
    {"priceCod", "priceCod", cash_on_delivery},
    {"psCurrency", "psCurrency", empty_text_of<Payment>},
    {"psInvoiceId", "psInvoiceId", unset_of<Payment>},
    {"psResponseDate", "psResponseDate", unset_of<Payment>},
    {"psStatus", "psStatus", empty_text_of<Payment>},
    {"psStatusCode", "psStatusCode", empty_text_of<Payment>},
    {"psStatusDescription", "psStatusDescription", empty_text_of<Payment>},
    {"psStatusMessage", "psStatusMessage", empty_text_of<Payment>},
    {"psSum", "psSum", unset_of<Payment>},
    {"reasonMarked", "reasonMarked", empty_text_of<Payment>},
    {"responsibleId", "responsibleId", integer_of<Payment, &Payment::manager>},
    {"sum", "sum", sum},
    {"updated1c", "updated1c", no_of<Payment>},
    {"version1c", "version1c", empty_text_of<Payment>},
    {"xmlId", "xmlId", xml_id},
};

constexpr Field<Payment> kShortPaymentFields[] = {
    {"id", "id", integer_of<Payment, &Payment::id>},
    {"accountNumber", "accountNumber", account_number},
    {"paid", "paid", flag_of<Payment, &Payment::paid>},
    {"datePaid", "datePaid", time_of<Payment, &Payment::paid_at>},
    {"empPaidId", "empPaidId", who_paid},
    {"paySystemId", "paySystemId", pay_system},
    {"sum", "sum", sum},
    {"currency", "currency", text_of<Payment, &Payment::currency>},
    {"paySystemName", "paySystemName", pay_system_name},
};

// --- comments ---

template <auto member>
Cell comment_digits(const Comment& comment, Scratch&) {
  return digits_cell(comment.*member);
}
Cell written_in(const Comment& comment, Scratch&) {
  std::string_view word;
  for_each_kind([&](auto kind) {
    if (kind.type == comment.owner_type) word = kind.word;
  });
  return text_cell(word);
}

constexpr Field<Comment> kCommentFields[] = {
    {"ID", "ID", comment_digits<&Comment::id>},
    {"ENTITY_ID", "ENTITY_ID", comment_digits<&Comment::owner>},
    {"ENTITY_TYPE", "ENTITY_TYPE", written_in},
    {"CREATED", "CREATED", time_of<Comment, &Comment::at>},
    {"COMMENT", "COMMENT", text_of<Comment, &Comment::text>},
    {"AUTHOR_ID", "AUTHOR_ID", comment_digits<&Comment::author>},
    {"FILES", "FILES", [](const Comment&, Scratch&) { return json_cell("{}"); }},
};

}  // namespace

std::span<const Field<ProductRow>> product_row_fields() { return kProductRowFields; }
std::span<const Field<OrderLink>> order_link_fields() { return kOrderLinkFields; }
std::span<const Field<Payment>> payment_fields() { return kPaymentFields; }
std::span<const Field<Payment>> short_payment_fields() { return kShortPaymentFields; }
std::span<const Field<Comment>> comment_fields() { return kCommentFields; }

}  // namespace b24::sim
