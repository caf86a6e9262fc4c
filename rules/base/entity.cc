#include "rules/base/entity.h"

#include <fmt/format.h>

#include <cmath>

#include "rules/base/language.h"

namespace b24 {

std::string_view name(Entity entity) {
  switch (entity) {
    case Entity::user:
      return "user";
    case Entity::department:
      return "department";
    case Entity::pipeline:
      return "pipeline";
    case Entity::stage:
      return "stage";
    case Entity::deal:
      return "deal";
    case Entity::task:
      return "task";
    case Entity::call:
      return "call";
    case Entity::lead:
      return "lead";
    case Entity::quote:
      return "quote";
    case Entity::invoice:
      return "invoice";
    case Entity::contact:
      return "contact";
    case Entity::company:
      return "company";
    case Entity::activity:
      return "activity";
    case Entity::deal_move:
      return "deal_move";
    case Entity::lead_move:
      return "lead_move";
    case Entity::invoice_move:
      return "invoice_move";
    case Entity::currency:
      return "currency";
    case Entity::payment:
      return "payment";
    case Entity::order_link:
      return "order_link";
  }
  return "unknown";
}

std::string_view list_name(Entity entity) {
  switch (entity) {
    case Entity::user:
      return tr("сотрудники", "employees");
    case Entity::department:
      return tr("отделы", "departments");
    case Entity::pipeline:
      return tr("воронки", "pipelines");
    case Entity::stage:
      return tr("стадии и справочники", "stages and directories");
    case Entity::deal:
      return tr("сделки", "deals");
    case Entity::task:
      return tr("задачи", "tasks");
    case Entity::call:
      return tr("звонки", "calls");
    case Entity::lead:
      return tr("лиды", "leads");
    case Entity::quote:
      return tr("предложения", "quotes");
    case Entity::invoice:
      return tr("счета", "invoices");
    case Entity::contact:
      return tr("контакты", "contacts");
    case Entity::company:
      return tr("компании", "companies");
    case Entity::activity:
      return tr("дела", "activities");
    case Entity::deal_move:
      return tr("переходы сделок", "moves of deals");
    case Entity::lead_move:
      return tr("переходы лидов", "moves of leads");
    case Entity::invoice_move:
      return tr("переходы счетов", "moves of invoices");
    case Entity::currency:
      return tr("валюты", "currencies");
    case Entity::payment:
      return tr("оплаты", "payments");
    case Entity::order_link:
      return tr("заказы сделок и счетов", "orders of deals and invoices");
  }
  return "?";
}

std::optional<Entity> entity_named(std::string_view word) {
  for (const Entity entity : kEntities) {
    if (name(entity) == word) return entity;
  }
  return std::nullopt;
}

std::optional<std::size_t> Table::column(std::string_view name) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] == name) return i;
  }
  return std::nullopt;
}

std::optional<std::int64_t> as_integer(const Value& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) return *i;
  // The bounds keep the cast defined: 2^63 itself is not an int64.
  if (const auto* d = std::get_if<double>(&value); d && *d >= -0x1p63 && *d < 0x1p63) {
    return static_cast<std::int64_t>(*d);
  }
  return std::nullopt;
}

std::optional<double> as_number(const Value& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) return static_cast<double>(*i);
  if (const auto* d = std::get_if<double>(&value); d && std::isfinite(*d)) return *d;
  return std::nullopt;
}

std::string as_text(const Value& value) {
  if (const auto* s = std::get_if<std::string>(&value)) return *s;
  if (const auto* i = std::get_if<std::int64_t>(&value)) return std::to_string(*i);
  if (const auto* d = std::get_if<double>(&value)) return fmt::format("{}", *d);
  return {};
}

}  // namespace b24
