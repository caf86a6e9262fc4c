#pragma once

#include <fmt/format.h>

#include <string_view>

#include "tests/portal/fields.h"

// Getters that the tables of several kinds of cards share. A member is named once:
//   {"assignedById", "assignedById", integer_of<Lead, &Lead::manager>}

namespace b24::sim {

template <class Row>
Cell unset_of(const Row&, Scratch&) {
  return null_cell();
}
template <class Row>
Cell no_of(const Row&, Scratch&) {
  return flag_cell(false);
}
template <class Row>
Cell yes_of(const Row&, Scratch&) {
  return flag_cell(true);
}
template <class Row>
Cell zero_of(const Row&, Scratch&) {
  return integer_cell(0);
}
template <class Row>
Cell empty_text_of(const Row&, Scratch&) {
  return text_cell("");
}
template <class Row>
Cell empty_list_of(const Row&, Scratch&) {
  return json_cell("[]");
}

template <class Row, auto member>
Cell integer_of(const Row& row, Scratch&) {
  return integer_cell(row.*member);
}
template <class Row, auto member>
Cell real_of(const Row& row, Scratch&) {
  return real_cell(row.*member);
}
template <class Row, auto member>
Cell text_of(const Row& row, Scratch&) {
  return text_cell(row.*member);
}
template <class Row, auto member>
Cell flag_of(const Row& row, Scratch&) {
  return flag_cell(row.*member);
}
template <class Row, auto member>
Cell time_of(const Row& row, Scratch&) {
  return time_cell(row.*member);
}
template <class Row, auto member>
Cell date_of(const Row& row, Scratch&) {
  return date_cell(row.*member);
}
// A link to another card: null when there is none.
template <class Row, auto member>
Cell link_of(const Row& row, Scratch&) {
  return row.*member == 0 ? null_cell() : integer_cell(row.*member);
}
// The same as a list of one or none.
template <class Row, auto member>
Cell links_of(const Row& row, Scratch& scratch) {
  if (row.*member == 0) return json_cell("[]");
  scratch.text = fmt::format("[{}]", row.*member);
  return json_cell(scratch.text);
}

template <class Row>
Cell type_of(const Row&, Scratch&) {
  return integer_cell(Kind<Row>::type);
}
template <class Row>
Cell stage_id_of(const Row& row, Scratch& scratch) {
  return text_cell(scratch.world.stage(row).status_id);
}
template <class Row>
Cell semantic_of(const Row& row, Scratch& scratch) {
  return text_cell({&scratch.world.stage(row).semantic, 1});
}
template <class Row>
Cell closed_of(const Row& row, Scratch& scratch) {
  return flag_cell(scratch.world.stage(row).semantic != 'P');
}

// Numbers and addresses follow from the id; every fourth client has left no address.
template <class Row>
Cell phone_of(const Row& row, Scratch& scratch) {
  scratch.text = fmt::format("+79{}{:08}", Kind<Row>::type, row.id);
  return text_cell(scratch.text);
}
template <class Row>
bool has_email(const Row& row) {
  return row.id % 4 != 0;
}
template <class Row>
Cell has_email_of(const Row& row, Scratch&) {
  return flag_cell(has_email(row));
}
template <class Row>
Cell email_of(const Row& row, Scratch& scratch) {
  if (!has_email(row)) return text_cell("");
  scratch.text = fmt::format("{}{}@example.com", Kind<Row>::word, row.id);
  return text_cell(scratch.text);
}
// All of them, as the portal keeps them.
template <class Row>
Cell multifield_of(const Row& row, Scratch& scratch) {
  const std::string phone{phone_of(row, scratch).text};
  const std::string email{email_of(row, scratch).text};
  scratch.text = fmt::format(R"([{{"id":{},"valueType":"WORK","value":"{}","typeId":"PHONE"}})",
                             row.id * 2, phone);
  if (!email.empty()) {
    scratch.text += fmt::format(R"(,{{"id":{},"valueType":"WORK","value":"{}","typeId":"EMAIL"}})",
                                row.id * 2 + 1, email);
  }
  scratch.text += ']';
  return json_cell(scratch.text);
}

}  // namespace b24::sim
