#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

#include "rules/base/entity.h"
#include "tests/portal/model.h"

// The kinds of cards behind crm.item.*: what the portal calls each, and where its rows are.

namespace b24::sim {

template <class Row>
struct Kind;

// `event`: the beginning of its events' names. `moves`: its history of stages, if it has one.
template <>
struct Kind<Lead> {
  using Row = Lead;
  static constexpr Entity entity = Entity::lead;
  static constexpr std::int32_t type = kLeadType;
  static constexpr std::string_view word = "lead";
  static constexpr std::string_view event = "ONCRMLEAD";
  static constexpr std::vector<Lead> Data::*rows = &Data::leads;
  static constexpr std::vector<StageMove> Data::*moves = &Data::lead_moves;
};
template <>
struct Kind<Deal> {
  using Row = Deal;
  static constexpr Entity entity = Entity::deal;
  static constexpr std::int32_t type = kDealType;
  static constexpr std::string_view word = "deal";
  static constexpr std::string_view event = "ONCRMDEAL";
  static constexpr std::vector<Deal> Data::*rows = &Data::deals;
  static constexpr std::vector<StageMove> Data::*moves = &Data::deal_moves;
};
template <>
struct Kind<Quote> {
  using Row = Quote;
  static constexpr Entity entity = Entity::quote;
  static constexpr std::int32_t type = kQuoteType;
  static constexpr std::string_view word = "quote";
  static constexpr std::string_view event = "ONCRMQUOTE";
  static constexpr std::vector<Quote> Data::*rows = &Data::quotes;
  static constexpr std::vector<StageMove> Data::*moves = nullptr;
};
template <>
struct Kind<Invoice> {
  using Row = Invoice;
  static constexpr Entity entity = Entity::invoice;
  static constexpr std::int32_t type = kInvoiceType;
  static constexpr std::string_view word = "dynamic_31";
  static constexpr std::string_view event = "ONCRMDYNAMICITEM";
  static constexpr std::vector<Invoice> Data::*rows = &Data::invoices;
  static constexpr std::vector<StageMove> Data::*moves = &Data::invoice_moves;
};
template <>
struct Kind<Contact> {
  using Row = Contact;
  static constexpr Entity entity = Entity::contact;
  static constexpr std::int32_t type = kContactType;
  static constexpr std::string_view word = "contact";
  static constexpr std::string_view event = "ONCRMCONTACT";
  static constexpr std::vector<Contact> Data::*rows = &Data::contacts;
  static constexpr std::vector<StageMove> Data::*moves = nullptr;
};
template <>
struct Kind<Company> {
  using Row = Company;
  static constexpr Entity entity = Entity::company;
  static constexpr std::int32_t type = kCompanyType;
  static constexpr std::string_view word = "company";
  static constexpr std::string_view event = "ONCRMCOMPANY";
  static constexpr std::vector<Company> Data::*rows = &Data::companies;
  static constexpr std::vector<StageMove> Data::*moves = nullptr;
};

// Whether cards of the kind go through stages.
template <class Row>
inline constexpr bool kStaged = std::is_base_of_v<StagedCard, Row>;

// Calls `with` with each Kind in turn.
template <class With>
void for_each_kind(With with) {
  with(Kind<Lead>{});
  with(Kind<Deal>{});
  with(Kind<Quote>{});
  with(Kind<Invoice>{});
  with(Kind<Contact>{});
  with(Kind<Company>{});
}

}  // namespace b24::sim
