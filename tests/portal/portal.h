#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/entity.h"
#include "rules/base/time.h"
#include "rules/sales_scope.h"
#include "tests/portal/faults.h"
#include "tests/portal/limits.h"

// A second Bitrix24: a portal over HTTP with a company, its clients, leads and deals, their papers,
// activities and history, tasks and calls, written from the documented behaviour of the real one,
// with the same limits, and with faults on demand. Used by tests, the demo and benchmarks; the
// program b24portal is this class with a command line.
//
//   sim::Portal portal({.managers = 10, .deals = 400});
//   portal.start();
//   ... talk to portal.webhook() ...
//   EXPECT_EQ(portal.visible(3).size(), 1u);

namespace b24::sim {

// What crm.settings.mode.get says: with leads, or without.
enum class LeadsMode { classic = 1, simple = 2 };

// A local application of the portal; not installed before Portal::install() or authorize().
struct ApplicationOptions {
  std::string client_id = "local.0123456789abcd.01234567";
  std::string client_secret = "application-secret-0123456789";
  int token_life = 3600;  // seconds
  bool offline = true;    // the plan has offline events
  // The docs show `false` as EVENT_DATA and say that it holds the ids; off, it is false.
  bool event_data = true;
};

struct PortalOptions {
  // The company. The same figures, seed and time give the same company, byte by byte.
  int managers = 10;
  int departments = 2;  // of sales, beside the head office and the accountants
  std::int64_t deals = 400;
  std::int64_t tasks = 400;
  std::int64_t calls = 12'000;
  // -1: in a usual relation to the deals. 0 leaves a kind out, for good: there are no changes of it
  // either. What is here does not change what is above.
  std::int64_t leads = -1;
  std::int64_t contacts = -1;
  std::int64_t companies = -1;
  std::int64_t quotes = -1;
  std::int64_t invoices = -1;
  std::int64_t activities = -1;
  std::int64_t chats = -1;  // sessions of open lines; each has an activity besides those above
  LeadsMode leads_mode = LeadsMode::classic;  // simple: no leads
  bool history = true;                        // of stages
  // Goods and services in deals; orders of deals and invoices with their payments; comments in the
  // timelines of deals.
  bool products = true;
  bool payments = true;
  bool comments = true;
  int days = 60;  // of history
  std::uint64_t seed = 1;
  // Left out, the company has no problems planted: no rule of the catalogue holds for anybody.
  bool problems = true;

  // Time: both clocks of `clock` (not owned) if given; else frozen at `now` if given; else real.
  const Clock* clock = nullptr;
  std::optional<Time> now = {};
  seconds offset = hours{3};  // of the portal's clock to UTC

  LimitOptions limits = {};

  std::string address = "127.0.0.1";
  int port = 0;                      // 0: any free one
  std::string tls_certificate = {};  // files in PEM; both empty: plain HTTP
  std::string tls_key = {};
  bool gzip = true;  // when the client accepts it

  // The webhook. Its owner is user 1, an administrator; without `admin` it is the first manager,
  // who sees only what is his own.
  std::string secret = "secret";
  bool admin = true;
  std::set<std::string> scopes = {"crm",        "task",        "telephony", "user",
                                  "department", "im",          "imbot",     "calendar",
                                  "log",        "imopenlines", "timeman",   "sale"};

  ApplicationOptions application = {};

  // The docs do not say that closing a task moves its CHANGED_DATE; off, it does not.
  bool closing_changes_tasks = true;
  // Nor that a payment is a change of its deal or invoice; on, it is.
  bool payments_change_cards = false;

  // Changes by themselves, for the demo: a pile of overdue tasks that grows and is cleared, a
  // manager who gets too many deals, calls that come in.
  bool live = false;
  double live_interval_seconds = 3;
};

// A company of deals, tasks and calls alone: what else there usually is costs a large one time.
inline PortalOptions bare(PortalOptions options) {
  options.leads = options.contacts = options.companies = 0;
  options.quotes = options.invoices = options.activities = options.chats = 0;
  options.history = options.products = options.payments = options.comments = false;
  return options;
}

// What was posted to a person.
struct Notification {
  std::int64_t id = 0;
  std::int64_t user_id = 0;
  std::string text;
  std::string plain;  // MESSAGE_OUT
  std::string tag;
  std::string sub_tag;
  std::string client_id;
  bool system = false;  // im.notify.system.add, not .personal.add
  Time at{};
  bool visible = true;  // false: replaced by one with the same TAG, or deleted
};

// A message in a chat, a comment in a card, a to-do, an answer to a command.
struct Message {
  std::int64_t id = 0;
  std::string kind;    // "message", "bot_message", "command_answer", "timeline_comment", "todo"
  std::string target;  // dialog id, "deal:17"
  std::string text;
  Time at{};
  int edits = 0;
};

struct Counters {
  std::uint64_t requests = 0;                     // to /rest/, refused ones included
  std::uint64_t commands = 0;                     // inside batches
  std::uint64_t bytes_out = 0;                    // bodies, as sent
  std::map<std::string, std::uint64_t> methods;   // calls by method, inside batches too
  std::map<std::string, std::uint64_t> refusals;  // answers with an error, by code
};

// A request as it came, for tests that look at what a client sends.
struct RequestLine {
  std::string method;
  std::string body;
};

struct MutationCounts {
  int deals_added = 0, deals_changed = 0, deals_moved = 0, deals_deleted = 0;
  int tasks_added = 0, tasks_changed = 0, tasks_closed = 0, tasks_deleted = 0;
  int calls_added = 0;
  int leads_added = 0, leads_changed = 0, leads_moved = 0, leads_deleted = 0;
  int quotes_added = 0, quotes_changed = 0, quotes_moved = 0, quotes_deleted = 0;
  int invoices_added = 0, invoices_changed = 0, invoices_moved = 0, invoices_deleted = 0;
  int contacts_added = 0, contacts_changed = 0, contacts_deleted = 0;
  int companies_added = 0, companies_changed = 0, companies_deleted = 0;
  // Without those that went with their owner.
  int activities_added = 0, activities_changed = 0, activities_completed = 0,
      activities_deleted = 0;
  int rates_changed = 0;  // of currencies; a few, and besides all others
  int payments_added = 0, payments_paid = 0, payments_returned = 0;
  int payments_deleted = 0, orders_deleted = 0;  // payments also with their orders
  int products_changed = 0, comments_added = 0;
  int chats_added = 0, chat_messages_added = 0, chats_closed = 0;
  int workdays_changed = 0;
};

// What grows without end, unlike people and directories.
inline constexpr Entity kStreams[] = {Entity::deal,       Entity::task,      Entity::call,
                                      Entity::lead,       Entity::quote,     Entity::invoice,
                                      Entity::contact,    Entity::company,   Entity::activity,
                                      Entity::deal_move,  Entity::lead_move, Entity::invoice_move,
                                      Entity::order_link, Entity::payment};

// All methods may be called from any thread.
class Portal {
 public:
  // Makes the company; nothing listens yet.
  explicit Portal(PortalOptions options = {});
  ~Portal();
  Portal(const Portal&) = delete;
  Portal& operator=(const Portal&) = delete;

  // Throws std::runtime_error when the port is taken or the certificate cannot be read.
  void start();
  void stop();
  int port() const;
  std::string url() const;      // "http://127.0.0.1:8080"
  std::string webhook() const;  // "http://127.0.0.1:8080/rest/1/secret/"

  // The portal's time; moving it works only when it is frozen.
  Time now() const;
  void set_now(Time now);

  // The inbox.
  std::vector<Notification> visible(std::int64_t user_id) const;
  std::vector<Notification> visible() const;
  std::vector<Notification> notifications() const;  // all ever posted, in order
  std::vector<Message> messages() const;
  void clear_inbox();

  Counters counters() const;
  void reset_counters();
  // The last 200 requests, oldest first.
  std::vector<RequestLine> requests() const;

  void add_fault(Fault fault);
  void clear_faults();
  // Those that have not struck as often as they shall, oldest first.
  std::vector<Fault> faults() const;

  // `count` random changes: deals and tasks added, changed, moved, deleted, calls made; and about a
  // third as many of the other kinds besides. Each sets the times of change as the portal does and
  // posts an event to bound handlers.
  MutationCounts mutate(int count, std::uint64_t seed);

  // From now on the webhook's owner may not see a card, a task, a call or an activity: it vanishes
  // from the lists, its own method says ACCESS_DENIED, and what is in the card is denied too. Again
  // he may.
  void hide(Entity entity, std::int64_t id);
  void show(Entity entity, std::int64_t id);
  // Deletes a card, a task, an activity, a payment, or an order's bond with its card, without a
  // word to bound handlers.
  void remove(Entity entity, std::int64_t id);

  // Remembers the company as it is; puts it back, with the numbers of new rows: as a portal that is
  // restored from a backup.
  void back_up();
  void restore();

  // JSON array of all rows of a kind with all their fields, as the list method gives them to an
  // administrator; one row; the number of rows.
  std::string rows(Entity entity) const;
  std::string row(Entity entity, std::int64_t id) const;  // "" when there is none
  std::size_t count(Entity entity) const;
  std::vector<std::int64_t> ids(Entity entity) const;

  // What the catalogue's rules must find in the rows as they are now:
  // {"now","overdue_pile":{"17":[task ids]},"overload_deals":{"17":count},
  //  "calls_drop_vs_baseline":{"17":{"value","norm"}},"deal_stuck_stage":[deal ids],
  //  "managers":[ids],"heads":{"17":3},"absent":[ids],
  //  "chats_waiting":{"activity id":unix time since when the client waits}}.
  // Of a scope's masks, those that end in "*", their letters as written.
  std::string facts(const SalesScope& scope = {}) const;

  // Calls a method without HTTP, limits and faults; the JSON text of the answer, all but its
  // `time`. For setting up a test ("crm.item.update"), with parameters as JSON text.
  std::string call(std::string_view method, std::string_view params);

  // Binds a handler as a person does on the portal's pages (outgoing webhook): `url` gets a
  // form-encoded POST for each such event, once, from a thread of its own.
  void bind_event(const std::string& event, const std::string& url, const std::string& token);
  // Waits until events under way have been posted; false after the timeout.
  bool wait_events(milliseconds timeout);

  // The application. Posts ONAPPINSTALL to `url` and gives the HTTP status of the answer.
  int install(const std::string& url);
  // What it posts, without posting it.
  std::string installation();
  // The code that a person finds in the browser.
  std::string authorize();
  void uninstall();  // no token opens anything any more, and its handlers are gone
  void expire_tokens();
  // An update of the application drops its handlers.
  void drop_handlers();
  // All tokens and codes ever issued, for tests that look for leaks.
  std::vector<std::string> issued() const;
  std::uint64_t renewals() const;
  // Records in the queue of offline events; those of them that somebody has set aside.
  std::size_t queued() const;
  std::size_t reserved() const;
  // Queued records are lost, as after thirty days.
  void lose_queue();

  // A person presses a button under a bot's message: queued for imbot.v2.Event.get.
  void press(std::int64_t user_id, const std::string& command, const std::string& params);

  struct Impl;  // known to the portal's own files only

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace b24::sim
