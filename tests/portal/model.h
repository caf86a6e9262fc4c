#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// What the simulated portal holds: plain rows, sorted by id, times as UTC seconds (0 = none). Text
// that follows from other fields (a call's id, a task's link) is not kept but written on demand, so
// that millions of rows stay small.

namespace b24::sim {

using Id = std::int64_t;
using Unix = std::int64_t;

// An id as rows keep it, to stay small.
inline std::int32_t short_id(Id id) { return static_cast<std::int32_t>(id); }

// In seconds, as the times are.
inline constexpr Unix kHour = 3600;
inline constexpr Unix kDay = 24 * kHour;

struct User {
  Id id = 0;
  bool active = true;
  bool female = false;
  std::string first_name;
  std::string last_name;
  std::string second_name;
  std::string position;
  std::string time_zone;
  std::string inner_phone;
  std::string mobile_phone;
  std::vector<Id> departments;
  Unix registered = 0;
  Unix hired = 0;
};

struct Department {
  Id id = 0;
  std::string name;
  Id parent = 0;
  Id head = 0;
  int sort = 500;
};

struct Pipeline {
  Id id = 0;
  std::string name;
  int sort = 0;
};

// The id is the number that the mirror gives to the code (connectors/bitrix24/entities.h).
struct Currency {
  Id id = 0;
  std::string code;  // "RUB"
  std::string name;
  std::string format;          // "# ₽"
  std::int64_t rate = 10'000;  // in ten-thousandths, of `nominal` units in the base currency
  std::int64_t nominal = 1;
  int sort = 100;
  bool base = false;
  Unix updated = 0;
};

inline Id currency_id(std::string_view code) {
  Id id = 0;
  for (const char c : code) id = id * 256 + c;
  return id;
}

// The numbers of the portal's kinds of objects (portal docs: crm/data-types.md).
inline constexpr std::int32_t kLeadType = 1;
inline constexpr std::int32_t kDealType = 2;
inline constexpr std::int32_t kContactType = 3;
inline constexpr std::int32_t kCompanyType = 4;
inline constexpr std::int32_t kOldInvoiceType = 5;
inline constexpr std::int32_t kQuoteType = 7;
inline constexpr std::int32_t kInvoiceType = 31;

// One line of a directory of crm.status.list: a stage, a source, a type of deal.
struct Status {
  Id id = 0;
  std::string entity_id;  // "DEAL_STAGE_5"
  std::string status_id;  // "C5:NEW"
  std::string name;
  int sort = 0;
  bool system = false;
  char semantic = 'P';    // P, S, F
  bool apology = false;   // a further lost stage
  std::int32_t type = 0;  // whose stage it is: a kind of object; 0 for what is no stage
  Id pipeline = 0;        // of a deal's or an invoice's stage
};

// What all cards of the CRM have.
struct Card {
  Id id = 0;
  std::string title;  // a contact has none
  std::string comments;
  Unix created = 0, updated = 0, last_activity = 0;
  std::int32_t manager = 0, created_by = 0, updated_by = 0, last_activity_by = 0;
};

// A card that goes through stages, with a sum and a client.
struct StagedCard : Card {
  std::string currency = "RUB";
  double amount = 0;
  Unix moved = 0;
  std::int32_t stage = 0;  // index into Data::statuses
  std::int32_t pipeline = 0;
  std::int32_t moved_by = 0;
  std::int32_t company = 0, contact = 0;
};

struct Lead : StagedCard {
  std::string first_name, last_name, company_title;
  std::string source;
  Unix closed = 0;
  bool repeated = false;
};

struct Deal : StagedCard {
  std::string source;
  std::string type = "SALE";
  Unix begin_date = 0, close_date = 0;  // midnight UTC
  std::int32_t lead = 0;
  std::int32_t probability = -1;
  bool recurring = false;
  bool repeated = false;
};

struct Quote : StagedCard {
  Unix begin_date = 0, close_date = 0, valid_until = 0;  // midnight UTC
  std::int32_t deal = 0, lead = 0;
};

// A "smart" one, type 31.
struct Invoice : StagedCard {
  Unix begin_date = 0, pay_before = 0;  // midnight UTC
  std::int32_t deal = 0, quote = 0;
  std::int32_t stage_before = -1;
};

struct Contact : Card {
  std::string first_name, last_name;
  std::int32_t company = 0, lead = 0;
};

struct Company : Card {
  double revenue = 0;
  std::int32_t lead = 0;
};

// Who put an activity into the timeline; decides its PROVIDER_ID and TYPE_ID.
enum class Provider : std::uint8_t { call, meeting, email, task, todo, chat };

// Something to do or done, in the timeline of its owner and of those bound besides.
struct Activity {
  Id id = 0;
  std::string subject;
  std::string description;
  Unix created = 0, updated = 0, start = 0, end = 0;
  Unix deadline = 0;            // 0: none
  std::int32_t owner_type = 0;  // kDealType ...
  std::int32_t owner = 0;       // of that kind
  std::int32_t contact = 0;     // bound besides the owner
  std::int32_t company = 0;     // likewise
  std::int32_t deal = 0;        // likewise, unless a deal is the owner
  std::int32_t associated = 0;  // the task or the session it stands for
  std::int32_t manager = 0, author = 0, editor = 0;
  Provider provider = Provider::todo;
  std::int16_t line = 0;      // of a chat
  std::int8_t direction = 0;  // 1 incoming, 2 outgoing
  std::int8_t priority = 2;   // 1 low, 2 medium, 3 high
  bool completed = false;
  bool incoming_channel = false;  // the client began
};

struct StageMove {
  Id id = 0;
  Unix at = 0;
  std::int32_t owner = 0;
  std::int32_t pipeline = 0;
  std::int16_t stage = 0;
  std::int16_t type = 2;  // 1 created, 2 moved, 3 closed, 5 other pipeline
};

struct Task {
  Id id = 0;
  std::string title;
  std::string description;
  Unix deadline = 0, created = 0, changed = 0, closed = 0, status_changed = 0, activity = 0;
  std::int32_t manager = 0, creator = 0, closed_by = 0, changed_by = 0, status_changed_by = 0;
  std::int32_t group = 0, parent = 0, deal = 0;
  std::int8_t status = 2;  // 2 waits, 3 in progress, 4 awaits control, 5 done, 6 deferred
  std::int8_t priority = 1;
  bool control = false;
};

// One line of the goods and services of a card. Money here and below in hundredths.
struct ProductRow {
  Id id = 0;
  std::string name;
  std::int64_t price = 0;  // of one, with its discount and tax
  double quantity = 1;
  std::int32_t owner = 0;  // a deal
  std::int32_t product = 0;
  std::int32_t discount_percent = 0;
  std::int32_t tax_percent = -1;  // -1: no tax
  std::int32_t sort = 10;
};

// To which card an order of the shop belongs; its id is the order's.
struct OrderLink {
  Id id = 0;
  std::int32_t owner_type = kDealType;
  std::int32_t owner = 0;
};

// A payment of an order, asked for or made.
struct Payment {
  Id id = 0;
  std::int64_t sum = 0;
  std::string currency = "RUB";
  Unix billed = 0, paid_at = 0;
  Unix return_date = 0;                // midnight UTC
  std::int32_t order = 0, number = 1;  // the second of its order: "17/2"
  std::int32_t manager = 0, paid_by = 0, returned_by = 0;
  bool paid = false;
  bool returned = false;
};

// What somebody wrote into the timeline of a card.
struct Comment {
  Id id = 0;
  Unix at = 0;
  std::int32_t owner_type = kDealType;
  std::int32_t owner = 0, author = 0;
  std::string text;
};

enum class CallCode : std::uint8_t { ok, empty, missed, declined, cancelled, busy, unavailable };

struct CallRow {
  Id id = 0;
  Unix started = 0;
  std::uint64_t phone = 0;
  std::int32_t manager = 0;
  std::int32_t contact = 0;
  std::int32_t duration = 0;
  std::uint8_t type = 1;  // 1 out, 2 in, 3 redirected, 4 callback, 5 information
  CallCode code = CallCode::ok;
  std::uint8_t line = 0;
};

// The line as the portal names it.
inline std::string line_name(const CallRow& call) {
  return "reg" + std::to_string(133780 + call.line);
}

// From `from` to `to` (exclusive) a person is away.
struct AbsenceRow {
  Id user = 0;
  Unix from = 0;
  Unix to = 0;
  bool all_day = true;  // written with dates alone; the last day is included
};

// Somebody's latest working day.
struct WorkdayRow {
  Id user = 0;
  Unix opened = 0;
  Unix closed = 0;  // 0: not yet
  Unix breaks = 0;  // seconds
  bool paused = false;
  bool confirmed = true;
};

// Who writes in an open line besides the employees. The system's id is 0.
inline constexpr Id kFirstClient = 700'000;  // users of connectors
inline constexpr Id kChatBot = 600'001;

struct ChatMessageRow {
  Id id = 0;
  Unix at = 0;
  Id sender = 0;
};

// A session of an open line; the client's next one may be in the same chat. It is open while its
// activity is not completed.
struct ChatSession {
  Id id = 0;
  Id chat = 0;
  Id client = 0;
  Id activity = 0;
  std::int32_t line = 0;
  std::vector<ChatMessageRow> messages;
};

struct Data {
  std::vector<User> users;
  std::vector<Department> departments;
  std::vector<Pipeline> pipelines;
  std::vector<Currency> currencies;
  std::vector<Status> statuses;
  std::vector<Pipeline> invoice_pipelines;
  std::vector<Lead> leads;
  std::vector<Deal> deals;
  std::vector<Quote> quotes;
  std::vector<Invoice> invoices;
  std::vector<Contact> contacts;
  std::vector<Company> companies;
  std::vector<Activity> activities;
  // The history of stages, of each kind with ids of its own.
  std::vector<StageMove> lead_moves;
  std::vector<StageMove> deal_moves;
  std::vector<StageMove> invoice_moves;
  std::vector<Task> tasks;
  std::vector<CallRow> calls;
  std::vector<AbsenceRow> absences;
  std::map<Id, std::vector<ProductRow>> deal_products;  // by deal
  Id last_product_row = 0;
  std::vector<OrderLink> order_links;
  Id last_order = 0;
  std::vector<Payment> payments;
  std::vector<Comment> comments;
  std::vector<WorkdayRow> workdays;  // by user
  std::vector<ChatSession> sessions;
  Id last_message = 80'000;  // of all chats
};

}  // namespace b24::sim
