#pragma once

#include <span>

#include "tests/portal/fields.h"

// The fields of every kind of row, in the order in which the portal writes them. The first is the
// id.

namespace b24::sim {

std::span<const Field<Lead>> lead_fields();
std::span<const Field<Deal>> deal_fields();
std::span<const Field<Quote>> quote_fields();
std::span<const Field<Invoice>> invoice_fields();
std::span<const Field<Contact>> contact_fields();
std::span<const Field<Company>> company_fields();
std::span<const Field<Activity>> activity_fields();
std::span<const Field<Task>> task_fields();
std::span<const Field<CallRow>> call_fields();
std::span<const Field<User>> user_fields();
std::span<const Field<Department>> department_fields();
std::span<const Field<Status>> status_fields();
// The history of deals and invoices, and of leads.
std::span<const Field<StageMove>> move_fields();
std::span<const Field<StageMove>> lead_move_fields();
std::span<const Field<ProductRow>> product_row_fields();
std::span<const Field<OrderLink>> order_link_fields();
// As sale.payment.list gives payments, and the fewer fields of crm.item.payment.list.
std::span<const Field<Payment>> payment_fields();
std::span<const Field<Payment>> short_payment_fields();
std::span<const Field<Comment>> comment_fields();

// The table of a kind of cards.
template <class Row>
std::span<const Field<Row>> card_fields();
template <>
inline std::span<const Field<Lead>> card_fields<Lead>() {
  return lead_fields();
}
template <>
inline std::span<const Field<Deal>> card_fields<Deal>() {
  return deal_fields();
}
template <>
inline std::span<const Field<Quote>> card_fields<Quote>() {
  return quote_fields();
}
template <>
inline std::span<const Field<Invoice>> card_fields<Invoice>() {
  return invoice_fields();
}
template <>
inline std::span<const Field<Contact>> card_fields<Contact>() {
  return contact_fields();
}
template <>
inline std::span<const Field<Company>> card_fields<Company>() {
  return company_fields();
}

}  // namespace b24::sim
